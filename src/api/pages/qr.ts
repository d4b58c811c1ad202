// The page of one device: its QR while it is paired, and who it is linked as in the end.
import type { DeviceView } from '../../supervisor/devices.ts';
import { html } from './html.ts';
import { page, simulatedNote } from './layout.ts';

/** `controlUrl` is the simulator whose phones may scan the QR. The script of the page fills in what changes. */
export function qrPage(device: DeviceView, controlUrl: string | undefined, base: string): string {
  const content = html`<main data-device="${device.id}" data-control="${controlUrl}">
${simulatedNote(controlUrl !== undefined)}
<section class="card pair" aria-labelledby="device">
<h1 id="device">${device.id} <span class="state ${device.phase}" id="state">${device.phase}</span></h1>
<p id="says" role="status">Looking at the device…</p>
<p id="linked" class="linked" hidden></p>
<figure id="qr" hidden>
<img id="image" alt="QR code to scan with WhatsApp">
${controlUrl && html`<button id="scan" type="button">Scan with a simulated phone</button>`}
<figcaption class="soft">On the phone: WhatsApp, Linked devices, Link a device. The picture renews itself.</figcaption>
</figure>
<p id="code" class="code" hidden></p>
<button id="start" type="button" hidden>Show a QR</button>
<p class="problem" role="alert"></p>
<noscript><p>This page needs JavaScript to follow the pairing.</p></noscript>
</section>
</main>`;
  return page({ title: `${device.id} · Cardume`, content, base, module: 'qr.js' });
}
