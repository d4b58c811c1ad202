// What opens over the page: linking a client, adding a phone.
import { call, ofPhone } from './api.js';
import { $, say, valuesOf } from './dom.js';
import { view } from './layout.js';
import { loadPhones, select } from './model.js';

export function openLink({ phone, byCode } = {}) {
  const dialog = $('link');
  for (const form of dialog.querySelectorAll('form')) form.reset();
  for (const form of dialog.querySelectorAll('form')) if (phone) form.elements.phone.value = phone;
  quiet(dialog);
  dialog.showModal();
  (byCode ? $('code').elements.code : $('scan').elements.qr).focus();
}

function quiet(dialog) {
  dialog.querySelector('.trouble').hidden = true;
}

/** Runs a form's work; closes its dialog when it is done, says in it why it failed otherwise. */
function handle(form, work) {
  const dialog = form.closest('dialog');
  form.addEventListener('submit', async event => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    quiet(dialog);
    try {
      const { phone, told } = await work(valuesOf(form));
      dialog.close();
      form.reset();
      say(told);
      await loadPhones();
      view('chats');
      await select(phone);
    } catch (error) {
      const trouble = dialog.querySelector('.trouble');
      trouble.textContent = error.message;
      trouble.hidden = false;
    } finally {
      button.disabled = false;
    }
  });
}

export function startDialogs() {
  $('open-link').addEventListener('click', () => openLink());
  $('open-add').addEventListener('click', () => {
    quiet($('add'));
    $('add').showModal();
  });
  for (const dialog of document.querySelectorAll('dialog'))
    dialog.querySelector('.close').addEventListener('click', () => dialog.close());
  handle($('scan'), async ({ qr, phone }) => {
    const path = phone ? `${ofPhone(phone.replace(/^\+/, ''))}/scan` : '/mock-phone/scan-qr';
    const linked = await call('POST', path, qr);
    return { phone: linked.phone, told: `Linked ${linked.jid}` };
  });
  handle($('code'), async ({ phone, code }) => {
    const linked = await call('POST', `${ofPhone(phone.replace(/^\+/, ''))}/enter-code`, { code });
    return { phone: linked.phone, told: `Linked ${linked.jid}` };
  });
  handle($('add').querySelector('form'), async given => {
    const made = await call('POST', '/phones', given);
    return { phone: made.phone, told: `Added ${made.name}` };
  });
}
