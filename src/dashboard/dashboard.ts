import type { IncomingMessage, ServerResponse } from 'node:http';
import { mustBe } from '../base/check/argument-errors.js';
import { refuseSurplusObjects } from '../base/check/options.js';
import { checkObject } from '../base/check/values.js';
import type { ThreadPool } from '../core/pool.js';
import { partsOf } from '../core/pool-emitter.js';
import { ClusterReader, isCluster, type ShownCluster } from './cluster-reader.js';
import { ACTION, type DashboardOptions, type DashboardSettings, readDashboardOptions } from './dashboard-options.js';
import { DashboardServer } from './dashboard-server.js';
import { PoolReader } from './pool-reader.js';
import type { Reader } from './reader.js';

/** Pools, by their names in the dashboard. */
export type DashboardPools = Readonly<Record<string, ThreadPool | ShownCluster>>;

/** A request listener of Node's `http`, which also fits frameworks that give access to Node's request and response. */
export interface DashboardHandler {
  (request: IncomingMessage, response: ServerResponse): void;
  /** Ends all streams, and reads the pools no more. The pools go on. */
  close(): void;
}

/**
 * Makes a request listener that serves a page that shows what pools do, and lets viewers act on them if `actions` allows it.
 *
 * - Nothing is done for a job: the pools count by themselves, and are read while somebody views the page.
 * - Neither the dashboard nor its viewers keep the process alive.
 *
 * @param pools the pools, by the names that the page shows.
 * @throws {TypeError | RangeError} for a bad pool or option, naming it, the rule and the value received; for `actions` without
 * `token` or `authorize`.
 *
 * @example
 * ```ts
 * createServer(dashboard({ main: pool })).listen(3000, '127.0.0.1');
 * ```
 */
export function dashboard(pools: DashboardPools, options?: DashboardOptions): DashboardHandler;
export function dashboard(pools: unknown, options?: unknown, ...rest: readonly unknown[]): DashboardHandler {
  refuseSurplusObjects(rest, 'pools and options', ACTION);
  checkPools(pools);
  const settings = readDashboardOptions(options);
  const server = new DashboardServer(readersOf(pools, settings), settings);
  const handler = (request: IncomingMessage, response: ServerResponse): void => void server.serve(request, response);
  return Object.assign(handler, { close: () => server.close() });
}

/** @throws {TypeError} that names the value that is not a pool. */
function checkPools(value: unknown): asserts value is DashboardPools {
  if (isShown(value)) throw mustBe('an object { name: pool }', value, 'pools', ACTION);
  for (const [name, pool] of Object.entries(checkObject(value, 'pools', ACTION)))
    if (!isShown(pool)) throw mustBe('a ThreadPool or a ClusterPool', pool, `pools.${name}`, ACTION);
}

/** Makes a reader for each of the pools. */
function readersOf(pools: DashboardPools, settings: DashboardSettings): readonly Reader[] {
  return Object.entries(pools).map(([name, pool]) => {
    const engine = partsOf(pool);
    return engine === undefined
      ? new ClusterReader(name, pool as ShownCluster, settings)
      : new PoolReader(name, { pool: pool as ThreadPool, engine }, settings);
  });
}

function isShown(value: unknown): boolean {
  return partsOf(value) !== undefined || isCluster(value);
}
