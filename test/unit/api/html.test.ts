import assert from 'node:assert/strict';
import { test } from 'node:test';
import { html } from '../../../src/api/pages/html.ts';

test('S36: whatever is put into a page is text, except for markup of our own', () => {
  const name = `<script>alert("1")</script>'&`;
  const { markup } =
    html`<p title="${name}">${name} ${html`<b>${name}</b>`} ${[html`<i>1</i>`, '<']}${undefined}${false}${0}</p>`;
  const escaped = '&#60;script&#62;alert(&#34;1&#34;)&#60;/script&#62;&#39;&#38;';
  assert.equal(markup, `<p title="${escaped}">${escaped} <b>${escaped}</b> <i>1</i>&#60;0</p>`);
});
