// What a fault is made of. A kind is a row of the catalogue; an armed fault is a kind with a when, a who and parameters.
import { z } from '@hono/zod-openapi';
import type { Device } from '../accounts/accounts.ts';
import type { CloseName, EndingOptions } from '../wire/closes.ts';
import type { BinaryNode } from '../wire/stanza.ts';
import type { World } from '../world.ts';

/**
 * The occasions at which a fault may strike. At `upgrade` and `handshake` nobody knows yet who the client is; `login` is
 * an authenticated device that is about to hear `<success>`; `in` and `out` are stanzas of a linked device, on their way
 * to the server and to the client; `stanza` is one of the two, chosen by the parameter `direction`; at `asked` the code
 * of a feature asks for the fault by its name, wherever that is (its doc says where).
 */
export type Place = 'upgrade' | 'handshake' | 'login' | 'in' | 'out' | 'stanza' | 'asked';

/** One logged-in connection as a fault sees it. */
export interface Wire {
  readonly world: World;
  readonly device: Device | undefined;
  /** Sends past all faults. `gapMs` keeps it at least that long behind the stanza before it. */
  transmit(stanza: BinaryNode, gapMs?: number): void;
  /** Bytes as they are, in order with the stanzas: no length, no encryption. */
  writeRaw(bytes: () => Uint8Array): void;
  /** The frame payload that the client would get for this stanza; it counts as sent. */
  seal(stanza: BinaryNode): Buffer;
  close(name: CloseName, options?: EndingOptions): void;
  /** Sees every further stanza to the client; `true` means that it took the stanza. It goes with `dropEffect`. */
  addEffect(effect: Effect): void;
  dropEffect(effect: Effect): void;
  /** Runs later, unless the connection has ended by then. */
  later(ms: number, run: () => void): void;
}

/** What one armed fault remembers per device. */
export type Notes = WeakMap<Device, { until: number; taken: number }>;

export type Effect = (stanza: BinaryNode) => boolean;

export interface Kind<P extends z.ZodObject = z.ZodObject> {
  /** One sentence: what happens, and to whom. */
  readonly doc: string;
  readonly at: Place;
  readonly params: P;
  /** Stanzas that are an occasion at all, before `filter`, `when` and `who` are asked. */
  suits?(stanza: BinaryNode): boolean;
  /** At `in`, `out` and `stanza`. `true`: the stanza goes no further. */
  act?(wire: Wire, stanza: BinaryNode, params: z.output<P>, notes: Notes): boolean;
  /** Does it to a connection at once, without an occasion; the `act` of kinds that have no other. */
  strike?(wire: Wire, params: z.output<P>): void;
}

/** Lets TypeScript see the parameters inside a kind's functions. */
export function kind<P extends z.ZodObject>(made: Kind<P>): Kind<P> {
  return made;
}

export const nothing = z.strictObject({});

/** At which occasions it strikes. `nth` counts from 1; all but `rate` and always end by themselves. */
export const When = z
  .union([
    z.literal('always'),
    z.strictObject({ once: z.literal(true) }),
    z.strictObject({ nth: z.number().int().min(1) }),
    z.strictObject({ count: z.number().int().min(1) }),
    z.strictObject({ rate: z.number().min(0).max(1) }),
  ])
  .openapi('When');
export type When = z.output<typeof When>;

export const Who = z
  .union([
    z.literal('all'),
    z.strictObject({ device: z.string().openapi({ example: '15550001:1@s.whatsapp.net' }) }),
    z.strictObject({ account: z.string().openapi({ example: '15550001' }) }),
  ])
  .openapi('Who');
export type Who = z.output<typeof Who>;

/** Every field that is given must agree. `child` is the tag of the stanza's first child. */
export const Filter = z
  .strictObject({
    tag: z.string().optional(),
    xmlns: z.string().optional(),
    type: z.string().optional(),
    child: z.string().optional(),
    id: z.string().optional(),
  })
  .openapi('Filter');
export type Filter = z.output<typeof Filter>;

/** Does the stanza have everything that the filter names? */
export function agrees(filter: Filter, stanza: BinaryNode): boolean {
  const { tag, xmlns, type, child, id } = filter;
  const { attrs, content } = stanza;
  return (
    (tag === undefined || stanza.tag === tag) &&
    (xmlns === undefined || attrs.xmlns === xmlns) &&
    (type === undefined || attrs.type === type) &&
    (id === undefined || attrs.id === id) &&
    (child === undefined || (Array.isArray(content) && content[0]?.tag === child))
  );
}
