/**
 * A write was refused because the writer no longer owns the device: another node, or a later start of this one, has
 * taken the next epoch. Nothing was written. There is nothing to retry: close the socket and let go of the device.
 */
export class Fenced extends Error {
  override readonly name = 'Fenced';
  readonly deviceNo: number;

  constructor(deviceNo: number) {
    super(`device ${deviceNo} has another owner or a later epoch`);
    this.deviceNo = deviceNo;
  }
}

/** Who writes: the node and the epoch in which it claimed the device. */
export interface Term {
  readonly no: number;
  readonly owner: string;
  readonly epoch: number;
}
