// The page at the control URL: what phones there are, and a person's few moves with them. No assets, no build step.

export const page = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>WhatsApp simulator</title>
<style>
  :root { color-scheme: light dark }
  body { font: 15px/1.45 system-ui, sans-serif; margin: 0 auto; max-width: 70rem; padding: 1rem }
  h1 { font-size: 1.3rem } h2 { font-size: 1rem; margin: 1.4rem 0 .4rem }
  form { display: flex; flex-wrap: wrap; gap: .4rem; margin: .3rem 0 }
  input, textarea, select, button { font: inherit; padding: .3rem .5rem }
  textarea { flex: 1 1 24rem; height: 3.2rem }
  table { border-collapse: collapse; width: 100% }
  td, th { border-bottom: 1px solid #8884; padding: .25rem .5rem; text-align: left; vertical-align: top }
  .mine { opacity: .65 } #said { min-height: 1.5rem } .bad { color: #c22 }
</style>
<h1>WhatsApp simulator</h1>
<p>Simulated phones for devices under test. Nothing here reaches WhatsApp.</p>
<p id="said" role="status"></p>

<h2>Link a device</h2>
<form id="scan">
  <textarea name="qr" required aria-label="text of the QR code" placeholder="paste the text of the QR code"></textarea>
  <input name="phone" inputmode="numeric" aria-label="phone" placeholder="phone (optional)">
  <button>Scan</button>
</form>
<form id="code">
  <input name="phone" required inputmode="numeric" aria-label="phone" placeholder="phone">
  <input name="code" required aria-label="pairing code" placeholder="ABCD-1234">
  <button>Enter code</button>
</form>

<h2>Phones</h2>
<form id="make">
  <input name="phone" inputmode="numeric" aria-label="phone" placeholder="phone (optional)">
  <input name="name" aria-label="name" placeholder="name (optional)">
  <button>Add a phone</button>
</form>
<table>
  <thead><tr><th>Phone</th><th>Name</th><th>Linked devices</th></tr></thead>
  <tbody id="phones"></tbody>
</table>

<h2>Send as a phone</h2>
<form id="send">
  <select name="from" required aria-label="from"></select>
  <input name="to" required aria-label="to" placeholder="to: phone or JID">
  <input name="text" required aria-label="text" placeholder="text">
  <button>Send</button>
</form>
<h2>What that phone sees</h2>
<table>
  <thead><tr><th>Time</th><th>Chat</th><th>From</th><th>Text</th></tr></thead>
  <tbody id="messages"></tbody>
</table>

<script type="module">
  const $ = id => document.getElementById(id);
  const call = async (method, path, body) => {
    const response = await fetch(path, { method, body: typeof body === 'object' ? JSON.stringify(body) : body });
    const answer = await response.json();
    if (!response.ok) throw new Error(answer.error);
    return answer;
  };
  const say = (text, bad) => { $('said').textContent = text; $('said').className = bad ? 'bad' : ''; };
  const row = (...cells) => {
    const tr = document.createElement('tr');
    for (const cell of cells) tr.insertCell().textContent = cell;
    return tr;
  };
  const on = (id, run) => $(id).addEventListener('submit', async event => {
    event.preventDefault();
    const given = Object.fromEntries([...new FormData(event.target)].filter(([, value]) => value !== ''));
    try { say(await run(given)); await refresh(); } catch (error) { say(error.message, true); }
  });
  on('scan', async ({ qr, phone }) => {
    const query = phone ? '?phone=' + encodeURIComponent(phone) : '';
    return 'linked ' + (await call('POST', '/admin/mock-phone/scan-qr' + query, qr)).jid;
  });
  on('code', async ({ phone, code }) =>
    'linked ' + (await call('POST', '/admin/phones/' + encodeURIComponent(phone) + '/enter-code', { code })).jid);
  on('make', async given => 'added ' + (await call('POST', '/admin/phones', given)).phone);
  on('send', async ({ from, to, text }) =>
    'sent ' + (await call('POST', '/admin/phones/' + from + '/send', { to, text })).id);

  async function refresh() {
    const [phones, devices] = await Promise.all([call('GET', '/admin/phones'), call('GET', '/admin/devices')]);
    const state = jid => {
      const device = devices.find(one => one.jid === jid);
      return device?.connected ? 'connected' : 'away' + (device?.queued ? ', ' + device.queued + ' waiting' : '');
    };
    // Enough to look at; a load test has thousands.
    const shown = phones.slice(0, 200);
    $('phones').replaceChildren(...shown.map(({ phone, name, devices: ids }) =>
      row(phone, name, ids.map(id => ':' + id + ' ' + state(phone + ':' + id + '@s.whatsapp.net')).join('; '))));
    const from = $('send').elements.from;
    const known = new Set([...from.options].map(option => option.value));
    for (const { phone, name } of shown) if (!known.has(phone)) from.add(new Option(phone + ' ' + name, phone));
    if (!from.value) return;
    const messages = await call('GET', '/admin/phones/' + from.value + '/messages');
    $('messages').replaceChildren(...messages.slice(-100).reverse().map(one => {
      const tr = row(new Date(one.timestamp * 1000).toLocaleTimeString(), one.chat, one.from,
        one.type === 'text' ? one.text : '[' + one.type + '] ' + one.text);
      if (one.fromMe) tr.className = 'mine';
      return tr;
    }));
  }
  $('send').elements.from.addEventListener('change', () => refresh());
  const loop = () => refresh().catch(error => say(error.message, true)).then(() => setTimeout(loop, 2000));
  loop();
</script>
</html>
`;
