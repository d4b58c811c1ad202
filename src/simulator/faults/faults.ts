// What the server does wrong on purpose: faults of the catalogue, armed by name until they are spent or disarmed.
import type { Device } from '../accounts/accounts.ts';
import { withoutPlus } from '../accounts/naming.ts';
import { Chance } from '../chance.ts';
import { Refused } from '../refused.ts';
import { parseJid } from '../wire/jid.ts';
import type { BinaryNode } from '../wire/stanza.ts';
import { type FaultName, type FaultParams, isFaultName, kindOf } from './catalogue.ts';
import { agrees, type Filter, type Kind, type Notes, type Place, type When, type Who } from './kind.ts';

/** How a fault is armed. Without `when` it is always, without `who` for everybody. */
export interface Arming {
  readonly when?: When | undefined;
  readonly who?: Who | undefined;
  readonly filter?: Filter | undefined;
  readonly params?: unknown;
  /** Several of one name may be armed under different labels; the same label replaces. */
  readonly label?: string | undefined;
}

/** One armed fault, and what it did so far. */
export class ArmedFault {
  readonly name: FaultName;
  readonly kind: Kind;
  readonly when: When;
  readonly who: Who;
  readonly filter: Filter | undefined;
  readonly params: Readonly<Record<string, unknown>>;
  readonly label: string;
  readonly notes: Notes = new WeakMap();
  /** Occasions that suited who and filter. */
  occasions = 0;
  fired = 0;
  readonly #chance: Chance;
  readonly #concerns: (device: Device | undefined) => boolean;

  constructor(name: FaultName, arming: Arming, chance: Chance) {
    const kind = kindOf(name);
    const { when = 'always', who = 'all', filter, params = {}, label = '' } = arming;
    if (who !== 'all' && (kind.at === 'upgrade' || kind.at === 'handshake'))
      throw new Refused(400, `who: at ${name} nobody knows yet who the client is`);
    if (filter && (kind.at === 'upgrade' || kind.at === 'handshake' || kind.at === 'login'))
      throw new Refused(400, `filter: at ${name} there is no stanza`);
    const parsed = kind.params.safeParse(params);
    if (!parsed.success) {
      const issue = parsed.error.issues[0];
      throw new Refused(400, `params.${issue?.path.join('.')}: ${issue?.message}`);
    }
    this.name = name;
    this.kind = kind;
    this.when = when;
    this.who = who;
    this.filter = filter;
    this.params = parsed.data;
    this.label = label;
    this.#chance = chance;
    this.#concerns = concerns(who);
  }

  get place(): Place {
    return this.kind.at === 'stanza' ? (this.params.direction as Place) : this.kind.at;
  }

  get spent(): boolean {
    if (typeof this.when === 'string' || 'rate' in this.when) return false;
    if ('nth' in this.when) return this.occasions >= this.when.nth;
    return this.fired >= ('count' in this.when ? this.when.count : 1);
  }

  /** Does it strike here and now? Counts the occasion. */
  takes(device: Device | undefined, stanza: BinaryNode | undefined): boolean {
    if (this.spent || !this.#concerns(device)) return false;
    if (stanza && this.kind.suits && !this.kind.suits(stanza)) return false;
    if (this.filter && !(stanza && agrees(this.filter, stanza))) return false;
    this.occasions++;
    if (!this.#struck(device)) return false;
    this.fired++;
    return true;
  }

  #struck(device: Device | undefined): boolean {
    const { when } = this;
    if (typeof when === 'string' || 'once' in when || 'count' in when) return true;
    if ('nth' in when) return this.occasions === when.nth;
    return this.#chance.draw(`${this.name} ${this.label} ${nameOf(device)}`) < when.rate;
  }
}

/** The armed ones by the place of their occasions. Exists only while some are armed. */
export class ArmedFaults {
  readonly #byPlace = new Map<Place, ArmedFault[]>();
  readonly #byName = new Map<string, ArmedFault[]>();
  /** The armed `network.delay`s, which every chunk asks for. */
  readonly delays: readonly ArmedFault[];

  constructor(faults: Iterable<ArmedFault>) {
    for (const fault of faults) {
      append(this.#byPlace, fault.place, fault);
      append(this.#byName, fault.name, fault);
    }
    this.delays = this.#byName.get('network.delay') ?? [];
  }

  at(place: Place): readonly ArmedFault[] {
    return this.#byPlace.get(place) ?? [];
  }

  /** The first at this place that strikes now. */
  first(place: Place, device?: Device): ArmedFault | undefined {
    return this.at(place).find(fault => fault.takes(device, undefined));
  }

  /** The parameters of that fault if it strikes now: for faults that are `asked` for where they strike. */
  fire<N extends FaultName>(name: N, device?: Device, stanza?: BinaryNode): FaultParams<N> | undefined {
    const fault = this.#byName.get(name)?.find(one => one.takes(device, stanza));
    return fault?.params as FaultParams<N> | undefined;
  }
}

export class Faults {
  /** One way, each direction: what is normal here. */
  readonly latencyMs: number;
  /** All randomness of faults comes from it. */
  readonly seed: number;
  /** Undefined while nothing is armed, so that the way of a stanza pays one comparison. */
  armed: ArmedFaults | undefined;
  readonly #all = new Map<string, ArmedFault>();
  readonly #chance: Chance;

  constructor(latencyMs: number, seed: number) {
    this.latencyMs = latencyMs;
    this.seed = seed;
    this.#chance = new Chance(seed);
  }

  list(): ArmedFault[] {
    return [...this.#all.values()];
  }

  /** What would be armed. Throws {@link Refused} for an unknown name, or parameters that are not its own. */
  judge(name: string, arming: Arming): ArmedFault {
    if (!isFaultName(name))
      throw new Refused(404, `there is no fault ${name}; see GET /admin/faults/catalogue`);
    return new ArmedFault(name, arming, this.#chance);
  }

  /** Throws as {@link judge} does. */
  arm(name: string, arming: Arming = {}): ArmedFault {
    const fault = this.judge(name, arming);
    this.#all.set(`${name} ${fault.label}`, fault);
    this.armed = new ArmedFaults(this.#all.values());
    return fault;
  }

  /** Those of one name, or all; says how many there were. */
  disarm(name?: string): number {
    const before = this.#all.size;
    for (const [key, fault] of this.#all)
      if (name === undefined || fault.name === name) this.#all.delete(key);
    this.armed = this.#all.size > 0 ? new ArmedFaults(this.#all.values()) : undefined;
    return before - this.#all.size;
  }

  /** How late the next bytes of a connection are, in ms. */
  delay(direction: 'in' | 'out', device: Device | undefined): number {
    const delays = this.armed?.delays;
    let ms = this.latencyMs;
    if (delays === undefined) return ms;
    for (const fault of delays) {
      const { ms: fixed, jitterMs, direction: way } = fault.params as FaultParams<'network.delay'>;
      if ((way !== 'both' && way !== direction) || !fault.takes(device, undefined)) continue;
      ms +=
        fixed + (jitterMs > 0 ? this.#chance.draw(`jitter ${direction} ${nameOf(device)}`) * jitterMs : 0);
    }
    return ms;
  }
}

/** Under which its own sequence of chances is drawn. */
function nameOf(device: Device | undefined): string {
  return device ? `${device.account.phone}:${device.id}` : '';
}

function concerns(who: Who): (device: Device | undefined) => boolean {
  if (who === 'all') return () => true;
  if ('account' in who) {
    const phone = withoutPlus(who.account).replace(/@.*/, '');
    return device => device?.account.phone === phone || device?.account.lid === phone;
  }
  const jid = parseJid(who.device);
  if (!jid) throw new Refused(400, `who.device: ${who.device} is no JID of a device`);
  return device =>
    device?.id === jid.device &&
    (jid.domain === 'lid' ? device.account.lid : device.account.phone) === jid.user;
}

function append<K, V>(lists: Map<K, V[]>, key: K, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}
