/**
 * The labels of an account. Its devices share them as app state, of which Baileys tells the changes alone: what they come
 * to is kept here. The collection's version may be durable before its changes are; `refresh` reads the whole anew.
 */
import type { BaileysEventMap } from '@whiskeysockets/baileys';
import type { Logger } from 'pino';
import { Seal } from '../../lib/seal.ts';
import type { Seat } from '../../shard/protocol.ts';
import { reachStore, type Sql } from '../../store/database.ts';
import { Fenced } from '../../store/fence.ts';
import {
  changeLabels,
  type LabelAssociation,
  type LabelChanges,
  readLabelAssociations,
  readLabels,
} from '../../store/labels.ts';
import { isStorable } from '../../store/names.ts';
import { places } from '../../store/places.ts';
import type { Connection } from '../line/connection.ts';

const AGAIN_MS = 500;

export interface Label {
  readonly id: string;
  readonly name: string;
  /** One of WhatsApp's twenty, counted from 0. */
  readonly color: number;
  /** WhatsApp's own, such as "New customer": which of them. */
  readonly predefinedId?: string;
}

/** A deleted one is remembered: what bore it would bear another one of its number. */
type Kept = Omit<Label, 'id'> & { readonly deleted?: true };

export interface LabelsOptions {
  readonly sql: Sql;
  readonly owner: string;
  readonly seat: Seat;
  /** The device is another's. */
  readonly fenced: (failure: Fenced) => void;
  readonly log: Logger;
}

export class Labels {
  readonly #options: LabelsOptions;
  readonly #seal: Seal;
  #set = new Map<string, Kept>();
  #tied = new Map<string, LabelAssociation & { readonly labeled: boolean }>();
  #writing: Promise<void> | undefined;

  constructor(options: LabelsOptions) {
    this.#options = options;
    this.#seal = new Seal(options.seat.key);
  }

  heard(events: Partial<BaileysEventMap>): void {
    const { 'labels.edit': label, 'labels.association': tie } = events;
    if (label && isStorable(label.id)) {
      const { name, color, predefinedId, deleted } = label;
      const kept = { name: name ?? '', color: color ?? 0, ...(predefinedId && { predefinedId }) };
      this.#set.set(label.id, deleted ? { ...kept, deleted: true } : kept);
    }
    if (tie) {
      const { association, type } = tie;
      const { labelId, chatId } = association;
      const message = 'messageId' in association ? association.messageId : '';
      if ([labelId, chatId, message].every(isStorable))
        this.#tied.set(`${labelId} ${chatId} ${message}`, {
          label: labelId,
          chat: chatId,
          message,
          labeled: type === 'add',
        });
    }
    if (this.#set.size + this.#tied.size > 0) this.#writing ??= this.#write();
  }

  /** All labels, by their ids. */
  async list(): Promise<(Label & { readonly chats: number })[]> {
    const all = await this.#all();
    return all
      .filter(({ deleted }) => !deleted)
      .sort((a, b) => Number(a.id) - Number(b.id) || (a.id < b.id ? -1 : 1));
  }

  /** A number that no label has or had. */
  async free(): Promise<string> {
    const numbers = (await this.#all()).map(({ id }) => Number(id)).filter(Number.isSafeInteger);
    return String(Math.max(0, ...numbers) + 1);
  }

  async #all() {
    await this.#writing;
    const { sql, seat } = this.#options;
    const rows = await reachStore(() => readLabels(sql, seat.no));
    return rows.map(({ id, value, chats }) => {
      const kept = JSON.parse(this.#seal.open(places.label(seat.no, id), value).toString()) as Kept;
      return { id, ...kept, chats };
    });
  }

  async associations(
    of: { readonly label: string } | { readonly chat: string },
  ): Promise<LabelAssociation[]> {
    await this.#writing;
    const { sql, seat } = this.#options;
    return reachStore(() => readLabelAssociations(sql, seat.no, of));
  }

  /** Reads everything that the devices share anew, from its beginning. */
  async refresh({ socket }: Connection): Promise<void> {
    const { creds, keys } = socket.authState;
    await keys.transaction(async () => {
      await keys.set({ 'app-state-sync-version': { regular: null } });
      await socket.resyncAppState(['regular'], false);
    }, creds.me?.id ?? '');
    await this.#writing;
  }

  async #write(): Promise<void> {
    const { sql, owner, seat, fenced, log } = this.#options;
    while (this.#set.size + this.#tied.size > 0) {
      const [set, tied] = [this.#set, this.#tied];
      [this.#set, this.#tied] = [new Map(), new Map()];
      try {
        await changeLabels(sql, { no: seat.no, owner, epoch: seat.epoch }, this.#changes(set, tied));
      } catch (err) {
        if (err instanceof Fenced) {
          fenced(err);
          break;
        }
        log.warn({ err }, 'labels wait for the database');
        // What came meanwhile is newer.
        this.#set = new Map([...set, ...this.#set]);
        this.#tied = new Map([...tied, ...this.#tied]);
        await new Promise(next => setTimeout(next, AGAIN_MS).unref());
      }
    }
    this.#writing = undefined;
  }

  #changes(
    set: ReadonlyMap<string, Kept>,
    tied: ReadonlyMap<string, LabelAssociation & { readonly labeled: boolean }>,
  ): LabelChanges {
    const { no } = this.#options.seat;
    const gone = [...set].filter(([, { deleted }]) => deleted).map(([id]) => id);
    const ties = [...tied.values()].filter(({ label }) => !gone.includes(label));
    return {
      set: [...set].map(([id, kept]) => ({
        id,
        value: this.#seal.seal(places.label(no, id), Buffer.from(JSON.stringify(kept))),
      })),
      gone,
      tied: ties.filter(({ labeled }) => labeled),
      untied: ties.filter(({ labeled }) => !labeled),
    };
  }
}
