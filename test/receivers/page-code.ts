// The code in docs/events.md as somebody copies it, and the public package that the page names, each asked about deliveries.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { webhookOf } from './written-from-docs.ts';

const page = readFileSync(new URL('../../../docs/events.md', import.meta.url), 'utf8');
const codeIn = (language: string): string =>
  new RegExp(`\`\`\`${language}\\n([\\s\\S]+?)\`\`\``).exec(page)?.[1] ?? '';

type Verify = (headers: Record<string, unknown>, raw: Buffer, secret: string, now?: number) => boolean;
/** The page's code for Node. */
export const { verify } = (await import(`data:text/javascript,${encodeURIComponent(codeIn('js'))}`)) as {
  verify: Verify;
};
/** Undefined where there is none. */
export const python = ['python3', 'python'].find(name => spawnSync(name, ['--version']).status === 0);

export interface Case {
  readonly headers: Record<string, unknown>;
  readonly raw: Buffer;
  readonly secret: string;
}

/** What the page's code for Python says of each. */
export function pythonSays(cases: readonly Case[]): boolean[] {
  const code = `${codeIn('python')}
import json, sys
for line in sys.stdin:
    one = json.loads(line)
    print(verify(one["headers"], base64.b64decode(one["raw"]), one["secret"]))
`;
  const input = cases.map(each => JSON.stringify({ ...each, raw: each.raw.toString('base64') })).join('\n');
  const { stdout, stderr, status } = spawnSync(python ?? '', ['-c', code], {
    input,
    encoding: 'utf8',
    env: { ...process.env, PYTHONUTF8: '1' },
  });
  assert.equal(status, 0, stderr);
  return stdout
    .trim()
    .split('\n')
    .map(line => line.trim() === 'True');
}

/** What the package says. */
export function packageSays({ headers, raw, secret }: Case): boolean {
  try {
    webhookOf(secret).verify(raw, headers as Record<string, string>);
    return true;
  } catch {
    return false;
  }
}
