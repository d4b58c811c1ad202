// What the server does wrong on purpose, until told otherwise. Set through the control plane.

export interface RefuseLogin {
  /** Only this device; everybody when absent. */
  readonly jid?: string | undefined;
  /** The `reason` of `<failure/>`. */
  readonly reason: string;
  /** How many logins; without end when absent. */
  readonly count?: number | undefined;
}

export interface AckError {
  /** 463, 479, ... (protocol.md 8.1). */
  readonly code: string;
  readonly count?: number | undefined;
}

export interface FaultSettings {
  /** One-way delay in ms, each direction. */
  latencyMs: number;
  refuseLogin: RefuseLogin | null;
  /** HTTP status instead of the WebSocket upgrade. */
  refuseUpgrade: number | null;
  /** Messages are taken and delivered, but their sender never hears so. */
  withholdAcks: boolean;
  /** Messages are refused with this error. */
  ackError: AckError | null;
  /** Receipts from clients are acknowledged and then lost. */
  dropReceipts: boolean;
}

export class Faults {
  readonly #normal: FaultSettings;
  #now: FaultSettings;

  constructor(latencyMs: number) {
    this.#normal = {
      latencyMs,
      refuseLogin: null,
      refuseUpgrade: null,
      withholdAcks: false,
      ackError: null,
      dropReceipts: false,
    };
    this.#now = { ...this.#normal };
  }

  get settings(): Readonly<FaultSettings> {
    return this.#now;
  }

  set(changes: Partial<FaultSettings>): void {
    this.#now = { ...this.#now, ...changes };
  }

  clear(): void {
    this.#now = { ...this.#normal };
  }

  /** The reason to refuse this login with, counted down. */
  loginRefusal(jid: string): string | undefined {
    const fault = this.#now.refuseLogin;
    if (!fault || (fault.jid !== undefined && fault.jid !== jid)) return undefined;
    this.#now.refuseLogin = countedDown(fault);
    return fault.reason;
  }

  /** The error to refuse this message with, counted down. */
  messageError(): string | undefined {
    const fault = this.#now.ackError;
    if (!fault) return undefined;
    this.#now.ackError = countedDown(fault);
    return fault.code;
  }
}

function countedDown<T extends { readonly count?: number | undefined }>(fault: T): T | null {
  if (fault.count === undefined) return fault;
  return fault.count > 1 ? { ...fault, count: fault.count - 1 } : null;
}
