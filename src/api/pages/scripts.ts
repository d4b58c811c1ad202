// The pages' scripts, served from their own routes because the pages allow no inline script.
// They set texts and attributes only, so nothing that an account is named can become markup.

const shared = `
const problem = document.querySelector('.problem');
const { base } = document.documentElement.dataset;
const login = async fields => {
  const response = await fetch(base + '/device/login', {
    method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(fields),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.message);
  return answer.results;
};
const attempt = async (button, work) => {
  button.disabled = true;
  problem.textContent = '';
  try { await work(); } catch (error) { problem.textContent = error.message; }
  button.disabled = false;
};
`;

export const homeScript = `'use strict';${shared}
const form = document.querySelector('#login');
form.addEventListener('submit', event => {
  event.preventDefault();
  void attempt(form.querySelector('button'), async () => {
    const { device_id } = await login({ device_id: form.elements.device_id.value.trim() });
    location.assign(base + '/devices/' + encodeURIComponent(device_id) + '/qr');
  });
});
`;

export const qrScript = `'use strict';${shared}
const at = id => document.getElementById(id);
const { device, control } = document.querySelector('main').dataset;
let qr = '';

const says = view => {
  if (view.linked) return view.state === 'open' ? '' : 'The device is linked and not connected' + because(view);
  if (view.qr) return 'Scan this QR with the phone whose account the device joins.';
  if (view.pair_code) return 'Enter this code on the phone: WhatsApp, Linked devices, Link with phone number.';
  return ['unlinked', 'stopped', 'conflict'].includes(view.state) ? 'The device is not linked' + because(view) : 'One moment…';
};
const because = view => (view.reason ? ': ' + view.reason : '.');

const show = view => {
  qr = view.qr ?? '';
  at('state').textContent = view.state;
  at('state').className = 'state ' + view.state;
  at('says').textContent = says(view);
  const account = [view.name, (view.jid ?? '').split('@')[0]].filter(Boolean).join(', ');
  at('linked').textContent = view.linked ? 'linked as ' + (account || device) : '';
  at('linked').hidden = !view.linked;
  if (view.qr_image) at('image').src = view.qr_image;
  at('qr').hidden = !qr;
  at('code').textContent = view.pair_code ?? '';
  at('code').hidden = !view.pair_code;
  at('start').hidden = view.linked || !['unlinked', 'stopped', 'conflict'].includes(view.state);
};

at('start').addEventListener('click', () => void attempt(at('start'), () => login({ device_id: device })));
at('scan')?.addEventListener('click', () => void attempt(at('scan'), async () => {
  const response = await fetch(control + '/admin/mock-phone/scan-qr', {
    method: 'POST', headers: { 'content-type': 'text/plain' }, body: qr,
  });
  if (!response.ok) throw new Error('The simulator refused the scan: ' + (await response.text()));
}));

const follow = async () => {
  let seen = '';
  for (;;) {
    try {
      const response = await fetch('pairing?wait=20&seen=' + encodeURIComponent(seen));
      const answer = await response.json();
      if (response.status === 404) {
        show({ state: 'removed' });
        at('says').textContent = 'This device does not exist any more.';
        return;
      }
      if (!response.ok) throw new Error(answer.message);
      show(answer.results);
      seen = answer.results.seen;
      problem.textContent = '';
    } catch (error) {
      problem.textContent = 'The server does not answer; trying again. ' + error.message;
      seen = '';
      await new Promise(next => setTimeout(next, 2000));
    }
  }
};
void follow();
`;
