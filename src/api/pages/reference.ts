// The reference at /docs: a page of our own instead of Swagger UI (docs/decisions/0011-api-reference.md says why).
import { html } from './html.ts';
import { page } from './layout.ts';

export function referencePage(base: string): string {
  const content = html`<main class="reference">
<nav id="contents" aria-label="Operations">
<label>Find an operation
<input id="find" type="search" autocomplete="off" spellcheck="false">
</label>
<label>API key, for trying out
<input id="key" type="password" autocomplete="off">
</label>
<div id="index"></div>
</nav>
<div>
<h1>HTTP API <span id="version" class="soft"></span></h1>
<p id="about"></p>
<div id="operations"></div>
<noscript><p>This page needs JavaScript; what it shows is in <a href="${base}/openapi.json">openapi.json</a>.</p></noscript>
</div>
</main>`;
  return page({ title: 'API · Cardume', content, base, module: 'reference.js', styles: ['reference.css'] });
}
