// The first page: adds a device and goes to its page.
import { attempt, base, login } from './shared.js';

const form = document.querySelector('#login');
form.addEventListener('submit', event => {
  event.preventDefault();
  void attempt(form.querySelector('button'), async () => {
    const { device_id } = await login({ device_id: form.elements.device_id.value.trim() });
    location.assign(`${base}/devices/${encodeURIComponent(device_id)}/qr`);
  });
});
