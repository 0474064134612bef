import type { Encoded } from './value-codec.js';

/** Stands for a value that is too large for this field: arguments are under a key of their own, a result is in the record. */
export interface Elsewhere {
  readonly r: 1;
}

/** What a host must know of a job besides its task and arguments, under short names, as each job carries them. */
export interface JobDetails {
  /** The job's own name, if it has one. */
  readonly n?: string;
  /** The priority, if BullMQ's number does not represent it exactly. */
  readonly p?: number;
  /** `timeoutMs`. */
  readonly t?: number;
  /** `graceMs`; -1 for `Infinity`. */
  readonly g?: number;
  /** The deadline, in epoch ms of the clock of Redis. */
  readonly d?: number;
  /** The context values. */
  readonly c?: Encoded;
  /** Another attempt may follow if the thread died. */
  readonly w?: 1;
  /** The delay between attempts, if BullMQ cannot express it: `delayMs`, backoff, `maxDelayMs` (-1: none), `jitter`. */
  readonly b?: readonly [number, 'fixed' | 'linear' | 'exponential', number, number];
  /** How many attempts at the call were made by other jobs before. */
  readonly k?: number;
  /** `affinity`, on the host that runs it. */
  readonly f?: string;
  /** `exclusive`. */
  readonly x?: 1;
  /** The task is called for each item of a list: a part of a map. */
  readonly e?: 1;
  /** Arguments that follow those of each call, for a map. */
  readonly m?: Encoded;
  /** Results of other jobs that are arguments, for a node of a graph. */
  readonly i?: readonly FlowInput[];
}

/** Where the result of another job is put into the arguments: the keys that lead there, and the id of that job. */
export type FlowInput = readonly [path: readonly string[], id: string];

/** The data of a BullMQ job that this library has added. */
export interface JobData {
  /** The version of this format. */
  readonly ts: typeof FORMAT;
  /** The submitter, to whom outcomes are sent; none for the runs of a schedule, which outlive it. */
  readonly s?: string;
  /** The list of arguments; for a batch, the list of each call. */
  readonly a: Encoded | Elsewhere | readonly Encoded[];
  /** How many calls a batch has. */
  readonly n?: number;
  /** Of a batch with calls in traces: the headers of each, as JSON; `null` for a call in none. */
  readonly h?: readonly (string | null)[];
  readonly o?: JobDetails;
}

/** Type of the delays that `JobDetails.b` describes. */
export const OWN_BACKOFF = 'thread-system';

/** The format that this version writes and reads. */
export const FORMAT = 1;
/** No later format has a greater number, so that a time in the data of a plain job is none. */
const MAX_FORMAT = 1_000;

/** Whether a job was added by this library, and not by plain BullMQ. */
export function isJobData(data: unknown): data is JobData {
  return formatOf(data) === FORMAT;
}

/** Returns the format of a job that a later version of this library has added; `undefined` for any other. */
export function laterFormatOf(data: unknown): number | undefined {
  const format = formatOf(data);
  return Number.isInteger(format) && format > FORMAT && format <= MAX_FORMAT ? format : undefined;
}

function formatOf(data: unknown): number {
  const isOwn = typeof data === 'object' && data !== null && 'ts' in data && typeof data.ts === 'number' && 'a' in data;
  return isOwn ? (data.ts as number) : Number.NaN;
}

export function isElsewhere(value: unknown): value is Elsewhere {
  return typeof value === 'object' && value !== null && Object.hasOwn(value, 'r');
}
