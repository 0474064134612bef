import type { IncomingMessage, ServerResponse } from 'node:http';
import { mustBe } from '../base/check/argument-errors.js';
import { refuseSurplusObjects } from '../base/check/options.js';
import { checkObject } from '../base/check/values.js';
import type { Engine } from '../core/engine.js';
import type { ThreadPool } from '../core/pool.js';
import { partsOf } from '../core/pool-emitter.js';
import { ACTION, type DashboardOptions, readDashboardOptions } from './dashboard-options.js';
import { DashboardServer } from './dashboard-server.js';
import { PoolReader } from './pool-reader.js';

/** Pools, by the names that they have in the dashboard. */
export type DashboardPools = Readonly<Record<string, ThreadPool>>;

/** A request listener of Node's `http`, which also fits where other frameworks have Node's request and response. */
export interface DashboardHandler {
  (request: IncomingMessage, response: ServerResponse): void;
  /** Ends all streams, and looks at the pools no more. They go on. */
  close(): void;
}

/**
 * Makes a request listener that serves a page on which one sees what pools do, and can act on them if `actions` says so.
 *
 * - Nothing is done for a job: the pools count by themselves, and are looked at while somebody looks at the page.
 * - Neither the dashboard nor somebody who looks keeps the process alive.
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
  const checked = checkPools(pools);
  const settings = readDashboardOptions(options);
  const readers = checked.map(({ name, pool, engine }) => new PoolReader(name, { pool, engine }, settings));
  const server = new DashboardServer(readers, settings);
  const handler = (request: IncomingMessage, response: ServerResponse): void => void server.serve(request, response);
  return Object.assign(handler, { close: () => server.close() });
}

interface CheckedPool {
  readonly name: string;
  readonly pool: ThreadPool;
  readonly engine: Engine;
}

function checkPools(value: unknown): readonly CheckedPool[] {
  if (partsOf(value) !== undefined) throw mustBe('an object { name: pool }', value, 'pools', ACTION);
  return Object.entries(checkObject(value, 'pools', ACTION)).map(([name, pool]) => {
    const engine = partsOf(pool);
    if (engine === undefined) throw mustBe('a ThreadPool', pool, `pools.${name}`, ACTION);
    return { name, pool: pool as ThreadPool, engine };
  });
}
