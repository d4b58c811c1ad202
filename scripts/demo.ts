// npm run demo: the promises of Cardume, played out in under a minute, and a table of what was really seen.
import { type Stage, setStage } from './demo/stage.ts';

const WORKERS = 2;
const DEVICES = ['ana', 'bruno', 'carla', 'davi'] as const;
const BY_CODE = 'davi';

const start = performance.now();
const rows: { what: string; expected: string; seen: string; right: boolean }[] = [];

function say(line: string): void {
  process.stdout.write(`${((performance.now() - start) / 1000).toFixed(1).padStart(5)} s  ${line}\n`);
}

function check(what: string, expected: string | number, seen: string | number): void {
  rows.push({
    what,
    expected: String(expected),
    seen: String(seen),
    right: String(expected) === String(seen),
  });
}

/** Waits for a condition; false when it does not come true in time. */
async function holds(condition: () => boolean | Promise<boolean>, within = 20_000): Promise<boolean> {
  const end = performance.now() + within;
  while (performance.now() < end) {
    if (await condition()) return true;
    await new Promise(next => setTimeout(next, 20));
  }
  return false;
}

const phones = new Map<string, string>();
const phoneOf = (id: string) => phones.get(id) ?? '';
const open = (stage: Stage, ids: readonly string[]) =>
  ids.filter(id => stage.node.supervisor.find(id)?.phase === 'open');
const of = (part: number, whole: number) => `${part} of ${whole}`;

async function pair(stage: Stage): Promise<void> {
  say(`pairing ${DEVICES.length} devices: three scan a QR, one types a code`);
  for (const id of DEVICES) {
    if (id === BY_CODE) {
      const { phone } = await stage.simulator.createPhone({ name: id });
      const login = await stage.api<{ pair_code: string }>('POST', '/device/login', { device_id: id, phone });
      await stage.simulator.enterCode(phone, login.pair_code.replace('-', ''));
      phones.set(id, phone);
    } else {
      const { qr } = await stage.api<{ qr: string }>('POST', '/device/login', { device_id: id });
      phones.set(id, (await stage.simulator.scan(qr)).phone);
    }
    await holds(() => open(stage, [id]).length === 1);
    say(`  ${id} is linked as +${phoneOf(id)} on shard ${stage.node.supervisor.find(id)?.shard}`);
  }
  check('devices paired and open', of(4, 4), of(open(stage, DEVICES).length, DEVICES.length));
  check(
    'shards that host them',
    WORKERS,
    new Set(DEVICES.map(id => stage.node.supervisor.find(id)?.shard)).size,
  );
}

/** Everybody writes to everybody at once; every text must come out of the receiver once, under the right device. */
async function talk(stage: Stage, when: string, rounds: number): Promise<void> {
  const sends = DEVICES.flatMap(from =>
    DEVICES.filter(to => to !== from).flatMap(to =>
      Array.from({ length: rounds }, (_, n) => ({ from, to, text: `${when} ${from} to ${to} ${n}` })),
    ),
  );
  say(`${when}: ${sends.length} texts at once, everybody to everybody`);
  const results = await Promise.allSettled(
    sends.map(({ from, to, text }) =>
      stage.api('POST', '/send/message', { phone: phoneOf(to), message: text }, from),
    ),
  );
  const accepted = results.filter(({ status }) => status === 'fulfilled').length;
  for (const result of results) if (result.status === 'rejected') say(`  ${result.reason}`);
  const arrived = () =>
    sends.filter(({ to, text }) => {
      const found = stage.receiver.delivered.filter(
        ({ event, payload }) => event === 'message' && payload.body === text,
      );
      return (
        found.length === 1 &&
        found[0]?.session_id === to &&
        found[0].device_id === `${phoneOf(to)}@s.whatsapp.net`
      );
    }).length;
  await holds(() => arrived() === sends.length);
  check(
    `${when}: texts acknowledged by WhatsApp`,
    of(sends.length, sends.length),
    of(accepted, sends.length),
  );
  check(
    `${when}: texts at the webhook, once, right device`,
    of(sends.length, sends.length),
    of(arrived(), sends.length),
  );
}

async function logins(stage: Stage): Promise<Map<string, number>> {
  return new Map((await stage.simulator.devices()).map(({ phone, logins }) => [phone, logins]));
}

async function killShard(stage: Stage): Promise<void> {
  const shard = stage.node.supervisor.find(DEVICES[0])?.shard ?? 0;
  const on = (same: boolean) =>
    DEVICES.filter(id => (stage.node.supervisor.find(id)?.shard === shard) === same);
  const [killed, others] = [on(true), on(false)];
  say(`killing the thread of shard ${shard}, which hosts ${killed.join(', ')}`);
  const before = await logins(stage);
  const again = (now: Map<string, number>, id: string) =>
    (now.get(phoneOf(id)) ?? 0) - (before.get(phoneOf(id)) ?? 0);
  stage.node.supervisor.inject(shard, 'exit');
  await holds(async () => {
    const now = await logins(stage);
    return killed.every(id => again(now, id) > 0);
  });
  await holds(() => open(stage, DEVICES).length === DEVICES.length);
  const after = await logins(stage);
  say(`  ${killed.join(', ')} returned; ${others.join(', ')} never left`);
  check(
    'killed shard: its devices returned',
    of(killed.length, killed.length),
    of(open(stage, killed).length, killed.length),
  );
  const unmoved = others.filter(id => again(after, id) === 0 && open(stage, [id]).length === 1);
  check(
    'killed shard: others saw nothing',
    of(others.length, others.length),
    of(unmoved.length, others.length),
  );
}

async function restart(stage: Stage): Promise<void> {
  say('restarting the node');
  const { pairings } = await stage.simulator.ledger();
  await stage.restart();
  await holds(() => open(stage, DEVICES).length === DEVICES.length);
  const back = open(stage, DEVICES).length;
  say(`  ${back} devices are back`);
  check('restart: devices back', of(4, 4), of(back, DEVICES.length));
  check('restart: pairings needed', 0, (await stage.simulator.ledger()).pairings - pairings);
}

function gaps(stage: Stage): number {
  return DEVICES.filter(id => {
    const seqs = stage.receiver.delivered.filter(({ session_id }) => session_id === id).map(({ seq }) => seq);
    return [...new Set(seqs)].some((seq, n) => seq !== n + 1);
  }).length;
}

function table(): string {
  const widths = ['what', 'expected', 'seen'].map(column =>
    Math.max(column.length, ...rows.map(row => row[column as 'what' | 'expected' | 'seen'].length)),
  );
  const line = (cells: string[]) => cells.map((cell, n) => cell.padEnd(widths[n] ?? 0)).join('  ');
  return [
    line(['what', 'expected', 'seen']),
    line(widths.map(width => '-'.repeat(width))),
    ...rows.map(row => `${line([row.what, row.expected, row.seen])}  ${row.right ? 'ok' : 'MISSING'}`),
  ].join('\n');
}

async function main(): Promise<void> {
  say(`starting: ${WORKERS} shards, an embedded PostgreSQL, a simulated WhatsApp, a webhook receiver`);
  const stage = await setStage(WORKERS);
  try {
    say(`listening at ${stage.node.url}`);
    await pair(stage);
    await talk(stage, 'together', 5);
    await killShard(stage);
    await talk(stage, 'after the kill', 1);
    await restart(stage);
    await talk(stage, 'after the restart', 1);
    const { duplicates } = await stage.simulator.ledger();
    check('webhooks: wrong signatures', 0, stage.receiver.forged);
    check('webhooks: devices with a gap or disorder in seq', 0, gaps(stage));
    check('on the wire: keys used twice', 0, duplicates);
  } finally {
    await stage.strike();
  }
  process.stdout.write(`\n${table()}\n\n`);
  const missing = rows.filter(({ right }) => !right);
  say(missing.length === 0 ? 'everything was seen' : `${missing.length} of ${rows.length} were missing`);
  process.exit(missing.length === 0 ? 0 : 1);
}

main().catch((error: unknown) => {
  process.stderr.write(`${error instanceof Error ? error.stack : String(error)}\n`);
  process.exit(1);
});
