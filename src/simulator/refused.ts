/** What the control plane was asked cannot be done; `status` is the HTTP status, the message is for the caller. */
export class Refused extends Error {
  override readonly name = 'Refused';
  readonly status: 400 | 404 | 408 | 409 | 413 | 415;

  constructor(status: Refused['status'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.status = status;
  }
}
