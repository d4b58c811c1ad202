// The frame that all pages share.
import { type Html, html } from './html.ts';

interface Page {
  readonly title: string;
  readonly content: Html;
  /** What comes before the paths of this server. */
  readonly base: string;
  /** The names of its script and of its own style sheets (assets.ts); there is no inline script or style anywhere. */
  readonly module?: string;
  readonly styles?: readonly string[];
}

/** A whole page. */
export function page({ title, content, base, module, styles = [] }: Page): string {
  const asset = (name: string) => `${base}/assets/${name}`;
  return html`<!doctype html>
<html lang="en" data-base="${base}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<link rel="icon" href="data:,">
${['style.css', ...styles].map(name => html`<link rel="stylesheet" href="${asset(name)}">`)}
${module && html`<script src="${asset(module)}" type="module"></script>`}
</head>
<body>
<header><a href="${base}/">Cardume</a> <span>a shoal of WhatsApp devices</span></header>
${content}
<footer>
<a href="${base}/docs">API reference</a>
<a href="${base}/openapi.json">API description</a>
<a href="${base}/device/list">Devices as JSON</a>
<a href="${base}/ready">Readiness</a>
<a href="${base}/metrics">Metrics</a>
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
