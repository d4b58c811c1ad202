/** Anything that runs in the background: `start` resolves when it works, `stop` may be called twice or without a start. */
export interface Service {
  start(): Promise<void>;
  stop(): Promise<void>;
}
