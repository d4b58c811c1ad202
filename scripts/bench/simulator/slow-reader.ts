/** What a client that never reads costs: how far the server's memory grows until it cuts that client off. */
import { BareClient } from '../../../test/support/bare-client.ts';
import { CiphertextChain } from '../../../test/support/ciphertexts.ts';
import { linkDevices, textTo } from '../../../test/support/fleet.ts';
import { pause } from '../children.ts';
import type { Plan } from './measure.ts';
import { startSubject } from './subject.ts';

export interface SlowReaderFigures {
  readonly textsMb: number;
  /** The most that the process grew while the texts came. */
  readonly grewMb: number;
  /** How the server ended the connection; undefined when it did not. */
  readonly lastClose: string | undefined;
  readonly sent: number;
  /** Of those, the ones that wait for the device's next login: a queue has a limit, too. */
  readonly queued: number;
}

const TEXTS = 4_000;
const TEXT_BYTES = 16 * 1024;
const MB = 1024 ** 2;

export async function measureSlowReader(plan: Plan): Promise<SlowReaderFigures> {
  const subject = await startSubject({ ...plan, profile: false });
  try {
    plan.say('a client that does not read');
    const [deaf, writer] = await linkDevices(subject.control, 2);
    if (!deaf || !writer) throw new Error('no devices');
    const silent = new BareClient({ ...subject, linked: deaf, deaf: true });
    let acks = 0;
    const onStanza = ({ tag }: { tag: string }) => {
      if (tag === 'ack') acks++;
    };
    const loud = new BareClient({ ...subject, linked: writer, onStanza });
    await Promise.all([silent.open, loud.open]);
    const before = await subject.usage();
    const chain = new CiphertextChain(TEXT_BYTES);
    let most = 0;
    for (let n = 0; n < TEXTS; n++) {
      loud.send(textTo(loud.nextId(), deaf.phone, [[deaf.jid, chain.next()]]));
      if (n % 100 !== 99) continue;
      while (acks <= n) await pause(5);
      most = Math.max(most, (await subject.control.call('process')).rss);
    }
    const device = (await subject.control.devices()).find(({ jid }) => jid === deaf.jid);
    silent.end();
    loud.end();
    return {
      textsMb: (TEXTS * TEXT_BYTES) / MB,
      grewMb: (most - before.rss) / MB,
      lastClose: device?.lastClose,
      sent: TEXTS,
      queued: device?.queued ?? 0,
    };
  } finally {
    await subject.stop();
  }
}
