/** What is measured: Cardume or stock Baileys, as far as the workload must know it. */

/** An account with a device in the subject. */
export interface Account {
  readonly phone: string;
}

export interface Subject {
  readonly pid: number;
  readonly accounts: readonly Account[];
  /** Sends a text through the n-th device; resolves when WhatsApp's server has acknowledged it. */
  send(device: number, to: string, text: string): Promise<void>;
  /** Whether nothing of what it has acknowledged so far is still on its way inside it. */
  quiet(): Promise<boolean>;
  stop(): Promise<void>;
}
