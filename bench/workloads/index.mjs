import * as cancel from './cancel.mjs';
import * as channel from './channel.mjs';
import * as cluster from './cluster.mjs';
import * as cpu from './cpu.mjs';
import * as factorial from './factorial.mjs';
import * as firstResult from './first-result.mjs';
import * as http from './http/index.mjs';
import * as idleWorker from './idle-worker.mjs';
import * as loopDelay from './loop-delay.mjs';
import * as machine from './machine.mjs';
import * as map from './map.mjs';
import * as megabyte from './megabyte.mjs';
import * as memory from './memory.mjs';
import * as noop from './noop.mjs';
import * as path from './path.mjs';
import * as payload from './payload.mjs';
import * as pending from './pending.mjs';
import { realWork } from './real/index.mjs';
import * as record from './record.mjs';
import * as roundTrip from './round-trip.mjs';
import * as seeds from './seeds.mjs';
import * as sync from './sync.mjs';
import * as token from './token.mjs';
import * as urgent from './urgent.mjs';
import * as workers from './workers.mjs';

/**
 * @typedef {object} Workload
 * @property {string} name as in `--only`.
 * @property {(run: import('../measure.mjs').Run) => Promise<import('../row.mjs').Row[]>} run
 */

/** In the order of the table. @type {readonly Workload[]} */
export const workloads = [
  noop,
  path,
  record,
  payload,
  factorial,
  roundTrip,
  urgent,
  cpu,
  workers,
  ...realWork,
  http,
  map,
  megabyte,
  firstResult,
  pending,
  loopDelay,
  memory,
  idleWorker,
  token,
  cancel,
  sync,
  channel,
  cluster,
  seeds,
  machine,
];
