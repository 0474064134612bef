import type { Schedule } from '../compose/schedule/schedule.js';
import { messageOf } from '../errors.js';
import { Job } from '../jobs/job.js';
import type { ClusterReader } from './cluster-reader.js';
import type { DashboardAction } from './messages.js';
import type { PoolReader } from './pool-reader.js';
import type { Reader } from './reader.js';
import { Refusal } from './replies.js';
import type { ActionName } from './routes.js';

/** The option that allows each action. */
export const NEEDED: Readonly<Record<ActionName, DashboardAction>> = {
  cancel: 'cancel',
  priority: 'priority',
  pause: 'pause',
  resume: 'pause',
  retry: 'retry',
};

/** Reason of jobs that are cancelled from the page. */
const CANCEL_REASON = 'cancelled from the dashboard';

/** Performs an action for the page. @throws {Refusal} that says why it cannot. */
export async function act(name: ActionName, reader: Reader, query: URLSearchParams): Promise<void> {
  if (reader.kind === 'pool') actOnPool(name, reader, query);
  else await actOnCluster(name, reader);
}

/** Jobs of a cluster belong to their submitters: only the queue can be paused. */
async function actOnCluster(name: ActionName, { name: shown, pool }: ClusterReader): Promise<void> {
  if (name !== 'pause' && name !== 'resume')
    throw new Refusal(404, `'${shown}' is a cluster: its queue can only be paused and resumed here`);
  try {
    await pool[name]();
  } catch (error) {
    throw new Refusal(503, messageOf(error));
  }
}

function actOnPool(name: ActionName, pool: PoolReader, query: URLSearchParams): void {
  switch (name) {
    case 'cancel':
      if (!jobIn(pool, query).cancel(CANCEL_REASON)) throw new Refusal(409, 'The job has ended');
      break;
    case 'priority':
      if (!jobIn(pool, query).setPriority(numberIn(query, 'priority')))
        throw new Refusal(409, 'The job has begun: its priority no longer matters');
      break;
    case 'pause':
    case 'resume':
      pauseOrResume(name, pool, query);
      break;
    case 'retry':
      retry(pool, numberIn(query, 'id'));
      break;
  }
}

function pauseOrResume(name: 'pause' | 'resume', reader: PoolReader, query: URLSearchParams): void {
  checkOpen(reader);
  if (query.has('schedule')) scheduleIn(reader, query)[name]();
  else reader.pool[name]();
}

function retry(reader: PoolReader, id: number): void {
  checkOpen(reader);
  const call = reader.failures.takeCall(id);
  if (call === undefined) throw new Refusal(404, `There is no call of job ${id} to be repeated`);
  const { task, args, options } = call;
  reader.pool.submitJob(new Job(task, args, options));
}

function checkOpen({ name, pool }: PoolReader): void {
  const { state } = pool;
  if (state === 'draining' || state === 'closed') throw new Refusal(409, `The pool '${name}' is shut down`);
}

function jobIn({ engine }: PoolReader, query: URLSearchParams): Job {
  const id = numberIn(query, 'id');
  for (const job of engine.control.unsettled()) if (job.id === id) return job;
  throw new Refusal(404, `There is no unsettled job ${id}`);
}

function scheduleIn(reader: PoolReader, query: URLSearchParams): Schedule {
  const id = numberIn(query, 'schedule');
  const schedule = reader.scheduleOf(id);
  if (schedule === undefined) throw new Refusal(404, `There is no schedule ${id}`);
  return schedule;
}

export function numberIn(query: URLSearchParams, name: string): number {
  const text = query.get(name) ?? '';
  const number = Number(text);
  if (text.trim() === '' || !Number.isFinite(number)) throw new Refusal(400, `${name} must be a number`);
  return number;
}
