/** A typed client of the control plane: what tests, the demo and the benchmark say to phones and to the network. */

export interface SimulatedPhone {
  readonly phone: string;
  readonly jid: string;
  readonly lid: string;
  readonly name?: string;
}

export interface SimulatedDevice {
  readonly jid: string;
  readonly lid: string;
  readonly phone: string;
  readonly connected: boolean;
  /** Successful logins so far. */
  readonly logins: number;
  readonly queued: number;
}

export interface PhoneMessage {
  readonly id: string;
  readonly chat: string;
  readonly from: string;
  readonly fromMe: boolean;
  readonly text: string;
}

/** A companion that is linked already: Baileys' credentials as BufferJSON text, and pre-keys that the server has. */
export interface LinkedDevice extends SimulatedPhone {
  readonly credentials: string;
  readonly preKeys: readonly { readonly id: number; readonly public: string; readonly private: string }[];
  readonly appStateKeys: readonly { readonly id: string; readonly data: string }[];
}

export interface LedgerCounts {
  readonly messages: number;
  readonly deliveries: number;
  readonly receipts: number;
  readonly retries: number;
  readonly duplicates: number;
  readonly logins: number;
  readonly pairings: number;
}

export type ControlClient = ReturnType<typeof controlClient>;

/** Every call fails with the sentence that the simulator refused with. `url` is the control URL. */
export function controlClient(url: string) {
  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const text = typeof body === 'string';
    const response = await fetch(new URL(`/admin${path}`, url), {
      method,
      ...(body !== undefined && {
        headers: { 'content-type': text ? 'text/plain' : 'application/json' },
        body: text ? body : JSON.stringify(body),
      }),
    });
    const answer = (await response.json()) as T & { error?: string };
    if (!response.ok) throw new Error(`simulator: ${method} ${path}: ${answer.error ?? response.status}`);
    return answer;
  }
  const phoneOf = (phone: string) => `/phones/${encodeURIComponent(phone)}`;

  return {
    call,
    /** A phone scans the QR; a new one unless `phone` names it. */
    scan: (qr: string, phone?: string) =>
      call<SimulatedPhone>('POST', `/mock-phone/scan-qr${phone ? `?phone=${phone}` : ''}`, qr),
    createPhone: (phone: { phone?: string; name?: string } = {}) =>
      call<SimulatedPhone>('POST', '/phones', phone),
    enterCode: (phone: string, code: string) =>
      call<unknown>('POST', `${phoneOf(phone)}/enter-code`, { code }),
    send: (phone: string, to: string, text: string, id?: string) =>
      call<{ id: string }>('POST', `${phoneOf(phone)}/send`, { to, text, ...(id && { id }) }),
    messages: (phone: string) => call<PhoneMessage[]>('GET', `${phoneOf(phone)}/messages`),
    read: (phone: string, chat: string, ids: string[]) =>
      call<unknown>('POST', `${phoneOf(phone)}/read`, { chat, ids }),
    unlink: (phone: string, device?: number) =>
      call<unknown>('POST', `${phoneOf(phone)}/unlink`, device === undefined ? {} : { device }),
    script: (phone: string, script: { reply?: string; afterMs?: number; reads?: boolean }) =>
      call<unknown>('PUT', `${phoneOf(phone)}/script`, script),
    linkedDevices: (count: number, prefix?: string) =>
      call<LinkedDevice[]>('POST', '/linked-devices', { count, ...(prefix && { prefix }) }),
    devices: () => call<SimulatedDevice[]>('GET', '/devices'),
    /** Ends connections in a named way (`restart`, `replaced`, `device-removed`, `tcp`, …). */
    disconnect: (close: string, who: { jid: string } | { all: true }) =>
      call<unknown>('POST', '/disconnect', { close, ...who }),
    faults: (settings: Record<string, unknown>) => call<unknown>('PUT', '/faults', settings),
    clearFaults: () => call<unknown>('DELETE', '/faults'),
    ledger: () => call<LedgerCounts>('GET', '/ledger'),
  };
}
