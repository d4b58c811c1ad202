// The page of a device: follows its pairing by long polling, and lets a simulated phone scan.
import { attempt, login, problem } from './shared.js';

const at = id => document.getElementById(id);
const { device, control } = document.querySelector('main').dataset;
let qr = '';

const says = view => {
  if (view.linked)
    return view.state === 'open' ? '' : `The device is linked and not connected${because(view)}`;
  if (view.qr) return 'Scan this QR with the phone whose account the device joins.';
  if (view.pair_code)
    return 'Enter this code on the phone: WhatsApp, Linked devices, Link with phone number.';
  return ['unlinked', 'stopped', 'conflict'].includes(view.state)
    ? `The device is not linked${because(view)}`
    : 'One moment…';
};
const because = view => (view.reason ? `: ${view.reason}` : '.');

const show = view => {
  qr = view.qr ?? '';
  at('state').textContent = view.state;
  at('state').className = `state ${view.state}`;
  at('says').textContent = says(view);
  const account = [view.name, (view.jid ?? '').split('@')[0]].filter(Boolean).join(', ');
  at('linked').textContent = view.linked ? `linked as ${account || device}` : '';
  at('linked').hidden = !view.linked;
  if (view.qr_image) at('image').src = view.qr_image;
  at('qr').hidden = !qr;
  at('code').textContent = view.pair_code ?? '';
  at('code').hidden = !view.pair_code;
  at('start').hidden = view.linked || !['unlinked', 'stopped', 'conflict'].includes(view.state);
};

at('start').addEventListener('click', () => void attempt(at('start'), () => login({ device_id: device })));
at('scan')?.addEventListener(
  'click',
  () =>
    void attempt(at('scan'), async () => {
      const response = await fetch(`${control}/admin/mock-phone/scan-qr`, {
        method: 'POST',
        headers: { 'content-type': 'text/plain' },
        body: qr,
      });
      if (!response.ok) throw new Error(`The simulator refused the scan: ${await response.text()}`);
    }),
);

const follow = async () => {
  let seen = '';
  for (;;) {
    try {
      const response = await fetch(`pairing?wait=20&seen=${encodeURIComponent(seen)}`);
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
      problem.textContent = `The server does not answer; trying again. ${error.message}`;
      seen = '';
      await new Promise(next => setTimeout(next, 2000));
    }
  }
};
void follow();
