// Every operation of the control plane by its id: where it is, and (as a type only) what it takes and gives. The compiler
// holds the table to the descriptions, so that the client needs nothing of the simulator at run time.
import type { z } from 'zod';
import type { appStateShapes } from './app-state.ts';
import type { businessShapes } from './business.ts';
import type { callShapes } from './calls.ts';
import type { channelShapes } from './channels.ts';
import type { clockShapes } from './clock.ts';
import type { deliveryShapes } from './delivery.ts';
import type { deviceShapes } from './devices.ts';
import type { faultShapes } from './faults.ts';
import type { groupShapes } from './groups.ts';
import type { historyShapes } from './history.ts';
import type { ledgerShapes } from './ledger.ts';
import type { loadShapes } from './load.ts';
import type { mediaShapes } from './media.ts';
import type { messageShapes } from './messages.ts';
import type { phoneShapes } from './phones.ts';
import type { processShapes } from './process.ts';
import type { profileShapes } from './profiles.ts';
import type { scriptShapes } from './scripts.ts';

export type Shapes = typeof appStateShapes &
  typeof deliveryShapes &
  typeof deviceShapes &
  typeof faultShapes &
  typeof groupShapes &
  typeof historyShapes &
  typeof ledgerShapes &
  typeof mediaShapes &
  typeof loadShapes &
  typeof messageShapes &
  typeof phoneShapes &
  typeof processShapes &
  typeof scriptShapes &
  typeof profileShapes &
  typeof callShapes &
  typeof businessShapes &
  typeof channelShapes &
  typeof clockShapes;
export type OperationId = keyof Shapes;

type Where<S> = S extends { method: infer M extends string; path: infer P extends string }
  ? `${Uppercase<M>} ${P}`
  : never;

/** Below `/admin`. */
export const operations: { readonly [Id in OperationId]: Where<Shapes[Id]> } = {
  scanQr: 'POST /mock-phone/scan-qr',
  scan: 'POST /phones/{phone}/scan',
  enterCode: 'POST /phones/{phone}/enter-code',
  sockets: 'GET /sockets',
  unlink: 'POST /phones/{phone}/unlink',

  phones: 'GET /phones',
  createPhone: 'POST /phones',
  renamePhone: 'PATCH /phones/{phone}',
  changeNumber: 'POST /phones/{phone}/change-number',
  removePhone: 'DELETE /phones/{phone}',
  forgetSessions: 'POST /phones/{phone}/forget-sessions',
  script: 'PUT /phones/{phone}/script',
  scriptOf: 'GET /phones/{phone}/script',

  send: 'POST /phones/{phone}/send',
  messages: 'GET /phones/{phone}/messages',
  read: 'POST /phones/{phone}/read',

  appState: 'GET /phones/{phone}/app-state',
  changeAppState: 'POST /phones/{phone}/app-state',
  changeAppStateMuch: 'POST /phones/{phone}/app-state/batch',
  markDirty: 'POST /dirty',
  rotateAppStateKey: 'POST /phones/{phone}/app-state/rotate-key',

  addHistory: 'POST /phones/{phone}/history',
  history: 'GET /phones/{phone}/history',
  chats: 'GET /phones/{phone}/chats',
  removeHistory: 'DELETE /phones/{phone}/history',
  syncSettings: 'GET /sync-settings',
  setSyncSettings: 'PUT /sync-settings',
  sendMedia: 'POST /phones/{phone}/send-media',
  media: 'GET /media',
  expireMedia: 'POST /media/expire',
  profile: 'GET /phones/{phone}/profile',
  changeProfile: 'PUT /phones/{phone}/profile',
  setPicture: 'PUT /phones/{phone}/picture',
  removePicture: 'DELETE /phones/{phone}/picture',
  block: 'POST /phones/{phone}/block',
  setPresence: 'PUT /phones/{phone}/presence',
  type: 'POST /phones/{phone}/typing',
  setTcTokens: 'PUT /tc-tokens',
  setLimits: 'PUT /limits',

  call: 'POST /phones/{phone}/call',
  callAction: 'POST /phones/{phone}/calls/{id}',
  calls: 'GET /calls',

  business: 'GET /phones/{phone}/business',
  setBusiness: 'PUT /phones/{phone}/business',
  addProduct: 'POST /phones/{phone}/products',
  addCollection: 'POST /phones/{phone}/collections',
  addOrder: 'POST /phones/{phone}/orders',

  createChannel: 'POST /phones/{phone}/channels',
  channels: 'GET /channels',
  changeChannel: 'PATCH /channels/{jid}',
  removeChannel: 'DELETE /channels/{jid}',
  posts: 'GET /channels/{jid}/posts',
  addPost: 'POST /channels/{jid}/posts',
  changePost: 'PUT /channels/{jid}/posts/{serverId}',
  removePost: 'DELETE /channels/{jid}/posts/{serverId}',
  follow: 'PUT /phones/{phone}/channels/{jid}',
  reactToPost: 'POST /phones/{phone}/channels/{jid}/posts/{serverId}',

  setAddressing: 'PUT /addressing',
  delivery: 'GET /delivery',
  setDelivery: 'PUT /delivery',
  reinstall: 'POST /phones/{phone}/reinstall',
  power: 'PUT /phones/{phone}/power',
  undecryptable: 'POST /phones/{phone}/undecryptable',

  createGroup: 'POST /groups',
  groups: 'GET /groups',
  group: 'GET /groups/{group}',
  changeGroup: 'POST /groups/{group}/change',
  setGroupPicture: 'PUT /groups/{group}/picture',
  removeGroupPicture: 'DELETE /groups/{group}/picture',
  dirtyGroups: 'POST /groups/dirty',

  linkedDevices: 'POST /linked-devices',
  devices: 'GET /devices',

  disconnect: 'POST /disconnect',
  restart: 'POST /restart',
  faults: 'GET /faults',
  faultCatalogue: 'GET /faults/catalogue',
  armFault: 'PUT /faults/{name}',
  strikeFault: 'POST /faults/{name}/strike',
  disarmFaults: 'DELETE /faults',
  disarmFault: 'DELETE /faults/{name}',

  ledger: 'GET /ledger',
  ledgerMessages: 'GET /ledger/messages',
  ledgerMessage: 'GET /ledger/messages/{id}',
  ledgerDevice: 'GET /ledger/devices/{jid}',
  ledgerViolations: 'GET /ledger/violations',
  clearLedger: 'DELETE /ledger',

  startLoad: 'POST /load',
  loads: 'GET /load',
  load: 'GET /load/{id}',
  changeLoad: 'PATCH /load/{id}',
  stopLoad: 'DELETE /load/{id}',

  clock: 'GET /clock',
  setClock: 'PUT /clock',
  process: 'GET /process',
};

type Part<K extends 'params' | 'query' | 'body', S> = S extends {
  readonly [key in K]: infer T extends z.ZodType;
}
  ? // What may be left out whole, when all of its fields may.
    Record<never, never> extends z.input<T>
    ? { readonly [key in K]?: z.input<T> }
    : { readonly [key in K]: z.input<T> }
  : unknown;

type Raw<S> = S extends { readonly raw: 'text' }
  ? { readonly text: string }
  : S extends { readonly raw: 'bytes' }
    ? { readonly bytes: Uint8Array }
    : unknown;

/** What an operation is given. */
export type Given<Id extends OperationId> = Part<'params', Shapes[Id]> &
  Part<'query', Shapes[Id]> &
  Part<'body', Shapes[Id]> &
  Raw<Shapes[Id]>;

/** What an operation answers. */
export type Answer<Id extends OperationId> = z.output<Shapes[Id]['results']>;
