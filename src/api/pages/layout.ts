// The frame that all pages share.
import { type Html, html } from './html.ts';

/** A whole page. `script` is the path of its script; there is no inline script or style anywhere. */
export function page(title: string, content: Html, script?: string): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="/assets/style.css">
${script && html`<script src="${script}" defer></script>`}
</head>
<body>
<header><a href="/">Cardume</a> <span>a shoal of WhatsApp devices</span></header>
${content}
<footer>
<a href="/openapi.json">API description</a>
<a href="/device/list">Devices as JSON</a>
<a href="/ready">Readiness</a>
<a href="/metrics">Metrics</a>
</footer>
</body>
</html>
`.markup;
}

/** Said on every page while the devices talk to a simulator. */
export function simulatedNote(simulated: boolean): Html | undefined {
  if (!simulated) return undefined;
  return html`<p class="card note">These devices talk to the simulator: the phones are simulated, and no message leaves this machine.</p>`;
}
