import type { Redis } from 'ioredis';
import { isElsewhere } from '../codec/job-data.js';
import type { RunInfo } from '../codec/notices.js';
import type { QueueKeys } from './keys.js';

/** The fields of a job's record that give its state. */
const FIELDS = [
  'timestamp',
  'processedOn',
  'finishedOn',
  'returnvalue',
  'failedReason',
  'tserr',
  'atm',
  'stc',
  'pb',
  'tsm',
  'tsnb',
] as const;

/** The parts of a job's record that are read. */
export type JobRecord =
  | { readonly state: 'gone' }
  | {
      readonly state: 'unsettled';
      readonly isRunning: boolean;
      readonly run: RunInfo;
      /** For a batch: the settled members that its host has written down. */
      readonly settled: string | undefined;
    }
  | { readonly state: 'completed'; readonly value: unknown; readonly run: RunInfo }
  | { readonly state: 'failed'; readonly reason: string; readonly error: unknown; readonly run: RunInfo };

/** Reads the records of jobs, in one round trip. */
export async function readRecords(redis: Redis, keys: QueueKeys, ids: readonly string[]): Promise<JobRecord[]> {
  const pipeline = redis.pipeline();
  for (const id of ids) {
    pipeline.hmget(keys.job(id), ...FIELDS);
    pipeline.exists(`${keys.job(id)}:lock`);
  }
  const replies = (await pipeline.exec()) ?? [];
  return ids.map((_, index) => {
    const [fieldsError, fields] = replies[2 * index] ?? [new Error('Redis did not answer')];
    if (fieldsError) throw fieldsError;
    return readRecord(fields as (string | null)[], replies[2 * index + 1]?.[1] === 1);
  });
}

function readRecord(fields: readonly (string | null)[], isLocked: boolean): JobRecord {
  const [addedAt, begunAt, finishedAt, value, reason, error, attempts, stalls, host, settled, notBegun] = fields;
  if (addedAt == null) return { state: 'gone' };
  const number = (text: string | null | undefined): number => Number(text ?? 0);
  const queuedMs = begunAt == null ? 0 : Math.max(0, number(begunAt) - number(addedAt));
  const ranMs = begunAt == null || finishedAt == null ? 0 : Math.max(0, number(finishedAt) - number(begunAt));
  const attempt = number(attempts) + number(stalls);
  const run = (begun: number): RunInfo => [begun, queuedMs, ranMs, 0, host ?? ''];
  if (finishedAt == null)
    return {
      state: 'unsettled',
      isRunning: isLocked,
      run: run(attempt + (isLocked ? 1 : 0)),
      settled: settled ?? undefined,
    };
  if (reason != null && value == null) {
    const begun = notBegun == null ? attempt : Math.max(0, attempt - 1); // BullMQ counts an attempt that its host did not begin
    return { state: 'failed', reason, error: parsed(error), run: run(begun) };
  }
  return { state: 'completed', value: parsed(value), run: run(attempt) };
}

/** Never throws: others can write to the record. */
function parsed(text: string | null | undefined): unknown {
  if (text == null) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether a value in a record is one of our encoded values, and not what a plain BullMQ consumer returned. */
export function isEncoded(value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false;
  const keys = Object.keys(value);
  return keys.length === 0 || (keys.length === 1 && (keys[0] === 'j' || keys[0] === 'b')) || isElsewhere(value);
}
