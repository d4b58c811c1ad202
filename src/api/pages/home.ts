// The first page: what devices there are, and a way to add one.
import type { DeviceView } from '../../supervisor/devices.ts';
import { accountJid } from '../device-shape.ts';
import { html } from './html.ts';
import { page, simulatedNote } from './layout.ts';

export function homePage(devices: readonly DeviceView[], simulated: boolean, base: string): string {
  const content = html`<main>
${simulatedNote(simulated)}
<section class="card" aria-labelledby="devices">
<h1 id="devices">Devices</h1>
${devices.length === 0 ? html`<p class="soft">There is none yet. Add one and scan its QR with a phone.</p>` : table(devices, base)}
</section>
<section class="card" aria-labelledby="add">
<h1 id="add">Add a device</h1>
<form id="login">
<label>Name (optional)
<input name="device_id" maxlength="64" autocomplete="off" spellcheck="false" placeholder="sales">
</label>
<button>Add a device</button>
</form>
<p class="problem" role="alert"></p>
<noscript><p>This page needs JavaScript; <code>curl -X POST ${base}/device/login</code> does the same.</p></noscript>
</section>
</main>`;
  return page({ title: 'Cardume', content, base, module: 'home.js' });
}

function table(devices: readonly DeviceView[], base: string) {
  return html`<div class="scroll"><table>
<thead><tr><th scope="col">Device</th><th scope="col">State</th><th scope="col">Account</th><th scope="col">Shard</th><th scope="col">Since (UTC)</th></tr></thead>
<tbody>
${devices.map(device => row(device, base))}
</tbody>
</table></div>`;
}

function row(device: DeviceView, base: string) {
  const since = new Date(device.since).toISOString();
  const account = [device.name, accountJid(device)?.split('@')[0]].filter(Boolean).join(' · ');
  return html`<tr>
<td><a href="${base}/devices/${device.id}/qr">${device.id}</a></td>
<td><span class="state ${device.phase}">${device.phase}</span></td>
<td>${account || '–'}</td>
<td>${device.shard ?? '–'}</td>
<td><time datetime="${since}">${since.slice(0, 16).replace('T', ' ')}</time></td>
</tr>
`;
}
