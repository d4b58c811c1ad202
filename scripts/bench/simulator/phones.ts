/** Texts to phones: each is really encrypted by the load, and decrypted and confirmed by the phone. */
import { Fleet, linkDevices } from '../../../test/support/fleet.ts';
import { SealedSender } from '../../../test/support/sealed-sender.ts';
import { assertClean, type Plan } from './measure.ts';
import { startSubject } from './subject.ts';

export interface PhoneFigures {
  readonly devices: number;
  readonly texts: number;
  readonly textMs: number;
  readonly perSecond: number;
}

/** Encrypting costs the load more than decrypting costs the phone. */
const TEXTS_EACH = 20;

/** Every device writes to a phone of its own; resolves when the last receipt is there. */
export async function measurePhones(devices: number, plan: Plan): Promise<PhoneFigures> {
  const subject = await startSubject({ ...plan, profile: false });
  const fleet = new Fleet(subject);
  try {
    plan.say(`${devices} devices write to phones`);
    await fleet.connect(await linkDevices(subject.control, devices));
    const senders = await Promise.all(
      fleet.clients.map(async client => {
        const { phone, lid } = await subject.control.createPhone();
        return { phone, sender: await SealedSender.to(client, lid) };
      }),
    );
    const texts = devices * TEXTS_EACH;
    const round = async () => {
      for (const { phone, sender } of senders)
        await sender.send(phone, 'a text of the usual length, more or less');
    };
    const rounds = async (count: number) => {
      const wanted = { acks: count * devices, receipts: count * devices };
      const counted = fleet.counting(wanted, () => {});
      for (let n = 0; n < count; n++) await round();
      return counted;
    };
    await rounds(1);
    const [counts, cost] = await subject.spent(() => rounds(TEXTS_EACH));
    // To phones nothing is delivered over a connection, and their receipts need no ack of the server.
    await assertClean(subject, { ...counts, deliveries: texts, receiptAcks: texts }, texts);
    return { devices, texts, textMs: cost.cpuMs / texts, perSecond: texts / (cost.wallMs / 1000) };
  } finally {
    fleet.end();
    await subject.stop();
  }
}
