// Every error, with an anchor for each: what the `docs` of a failure leads to. The same as docs/errors.md.
import { codes } from '../../errors.ts';
import { html } from './html.ts';
import { page } from './layout.ts';

export function errorsPage(base: string): string {
  const rows = Object.entries(codes).map(
    ([code, { status, retry, text }]) => html`<tr id="${code}">
<td><code>${code}</code></td>
<td>${String(status)}</td>
<td>${retry}</td>
<td>${text}</td>
</tr>
`,
  );
  const content = html`<main>
<section class="card" aria-labelledby="errors">
<h1 id="errors">Errors</h1>
<p class="soft">Retry says when the same request is worth sending again; <code>retryable</code> is true where that is soon.</p>
<div class="scroll"><table>
<thead><tr><th scope="col">Code</th><th scope="col">Status</th><th scope="col">Retry</th><th scope="col">Meaning</th></tr></thead>
<tbody>
${rows}
</tbody>
</table></div>
</section>
</main>`;
  return page({ title: 'Errors', content, base });
}
