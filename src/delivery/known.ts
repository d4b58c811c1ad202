// The lanes and endpoints that are in memory: those of the devices that had events lately. A device that is not here is
// no loss, its lanes are found in the database when they are due.
import { type Endpoint, endpointOf, updateEndpoint } from './endpoint.ts';
import { forget, type Lane, type LaneRow, laneOf, refresh, type Shelf } from './lane.ts';
import type { OpenEndpoint } from './secrets.ts';

/** All event bodies at hand together; what does not fit is read from the journal when its turn comes. */
const SHELF_ROOM = 32 * 1024 * 1024;

export interface Known {
  readonly shelf: Shelf;
  /** The lanes of a device: undefined when nothing is known of it, none when it had none that were due. */
  of(deviceNo: number): readonly Lane[] | undefined;
  /** The lane of a row that is due, brought up to date unless it is running. `readAt` by the process's clock. */
  take(row: LaneRow & OpenEndpoint, readAt: number): Lane;
  /** The endpoint of a row that was read then, as all share it. */
  endpointFor(row: OpenEndpoint, readAt: number): Endpoint;
  /** The database was asked for the device and had nothing due. */
  nothingFor(deviceNo: number): void;
  /** What is known of the device may be wrong: each of its lanes needs its row before it goes on. */
  distrust(deviceNo: number): void;
  distrustAll(): void;
  drop(lane: Lane): void;
  /** Drops lanes that were not brought up to date since they were distrusted, unless one is at work or `needed`. */
  dropStale(needed: (lane: Lane) => boolean): void;
  endpoint(no: number): Endpoint | undefined;
  /** The lanes of an endpoint. */
  lanesOf(endpoint: Endpoint): Lane[];
  /** Forgets devices that no event came for since the last sweep, unless a lane is `needed`, and endpoints, unless one is `held`. */
  sweep(needed: (lane: Lane) => boolean, held: (endpointNo: number) => boolean): void;
}

/** Nothing known yet. `secret` is the installation's, for endpoints without their own. */
export function known(secret: string): Known {
  const shelf: Shelf = { held: 0, room: SHELF_ROOM };
  const devices = new Map<number, Lane[]>();
  const endpoints = new Map<number, Endpoint>();

  function endpointFor(row: OpenEndpoint, readAt: number): Endpoint {
    let endpoint = endpoints.get(row.endpointNo);
    if (endpoint) updateEndpoint(endpoint, row, secret, readAt);
    else {
      endpoint = endpointOf(row, secret);
      endpoints.set(endpoint.no, endpoint);
    }
    endpoint.used = true;
    return endpoint;
  }

  return {
    shelf,

    of(deviceNo) {
      return devices.get(deviceNo);
    },

    endpointFor,

    take(row, readAt) {
      const lanes = devices.get(row.deviceNo) ?? [];
      devices.set(row.deviceNo, lanes);
      let lane = lanes.find(
        ({ endpoint, replay }) => endpoint.no === row.endpointNo && replay === row.replay,
      );
      if (lane?.state === 'running') return lane;
      const endpoint = endpointFor(row, readAt);
      if (lane && lane.run !== row.run) {
        // Another replay than the one that is known: nothing of that one is true of it.
        forget(lane, shelf);
        lanes.splice(lanes.indexOf(lane), 1);
        lane = undefined;
      }
      if (lane) refresh(lane, row, shelf);
      else {
        lane = laneOf(row, endpoint);
        lanes.push(lane);
      }
      lane.used = true;
      return lane;
    },

    nothingFor(deviceNo) {
      if (!devices.has(deviceNo)) devices.set(deviceNo, []);
    },

    distrust(deviceNo) {
      const lanes = devices.get(deviceNo);
      if (lanes?.length === 0) devices.delete(deviceNo);
      for (const lane of lanes ?? []) lane.stale = true;
    },

    distrustAll() {
      for (const deviceNo of [...devices.keys()]) this.distrust(deviceNo);
    },

    drop(lane) {
      forget(lane, shelf);
      const lanes = devices.get(lane.deviceNo)?.filter(other => other !== lane) ?? [];
      if (lanes.length > 0) devices.set(lane.deviceNo, lanes);
      else devices.delete(lane.deviceNo);
    },

    dropStale(needed) {
      for (const lanes of [...devices.values()])
        for (const lane of lanes)
          if (lane.stale && (lane.state === 'idle' || lane.state === 'resting') && !needed(lane))
            this.drop(lane);
    },

    endpoint(no) {
      return endpoints.get(no);
    },

    lanesOf(endpoint) {
      return [...devices.values()].flat().filter(lane => lane.endpoint === endpoint);
    },

    sweep(needed, held) {
      const inUse = new Set<number>();
      for (const [deviceNo, lanes] of devices) {
        if (lanes.some(lane => lane.used || needed(lane))) {
          for (const lane of lanes) {
            lane.used = false;
            inUse.add(lane.endpoint.no);
          }
        } else {
          for (const lane of lanes) forget(lane, shelf);
          devices.delete(deviceNo);
        }
      }
      for (const [no, endpoint] of endpoints) {
        if (!inUse.has(no) && !endpoint.used && !held(no)) endpoints.delete(no);
        endpoint.used = false;
      }
    },
  };
}
