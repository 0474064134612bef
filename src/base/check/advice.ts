import { isPlainObject } from '../bare.js';
import { nearest } from './nearest.js';

/*
 * What to write instead of a value or a name that is often written by mistake: because another library has it so, because a
 * platform's class is similar, or because two arguments were swapped.
 */

/** `on` is tested against the name of the argument or, of options, the action. */
type Advice = readonly [on: RegExp, isMistake: (value: unknown) => boolean, advice: (value: unknown) => string];

const { getPrototypeOf } = Object;
const { isArray } = Array;
const classOf = (value: unknown): unknown => getPrototypeOf(value)?.constructor?.name;
const isOf =
  (name: string) =>
  (value: unknown): boolean =>
    typeof value === 'object' && value !== null && classOf(value) === name;
const isNumber = (value: unknown): boolean => typeof value === 'number';
const isText = (value: unknown): boolean => typeof value === 'string';
const isFunction = (value: unknown): boolean => typeof value === 'function';
const isObject = (value: unknown): boolean => typeof value === 'object' && value !== null && isPlainObject(value);
const isNumeric = (value: unknown): boolean =>
  typeof value === 'string' && value.trim() !== '' && !Number.isNaN(Number(value));
const isTime = (value: unknown): boolean => typeof value === 'string' && !Number.isNaN(Date.parse(value));
const always = (): boolean => true;

/** The first that applies counts. */
const ADVICE: readonly Advice[] = [
  [/^args$/, isObject, () => 'options are the third argument: submit(task, [], options)'],
  [/^args$/, always, () => 'write the list of the arguments, such as [x, y]'],
  [/^token$/, isOf('AbortController'), () => 'write signal: controller.signal'],
  [/^token$/, isOf('AbortSignal'), () => 'write signal: signal, or token: CancellationToken.from(signal)'],
  [/^signal$/, isOf('AbortController'), () => 'write signal: controller.signal'],
  [/^signal$/, isOf('CancellationToken'), () => 'write token: token, or signal: token.signal'],
  [/^retry$/, isNumber, (value) => `write retry: { maxAttempts: ${value} }`],
  [/^retry$/, always, () => 'write retry: { maxAttempts: 3 }'],
  [/^transfer(ables)?$/, always, () => 'write a list of what to move, such as [buffer]'],
  [/^dependsOn$/, isOf('Job'), () => 'write dependsOn: [job]'],
  [
    /^dependsOn$/,
    isOf('GraphNode'),
    () => 'write graph.connect(node, other), or dependsOn: [node.job] once the graph runs',
  ],
  [/^dependsOn$/, isOf('Promise'), () => 'await it first, then submit'],
  [/^priority$/, isText, (value) => `write a number, such as JobPriority.${levelOf(value)}`],
  [/^(task|setup|teardown|task of .*)$/, isOf('Job'), () => 'submit a Job by submitJob(job)'],
  [/^(task|setup|teardown|task of .*)$/, isOf('Promise'), () => 'pass the function itself, without calling it'],
  [
    /^(task|setup|teardown|task of .*)$/,
    (value) => isText(value) || isOf('URL')(value),
    () => 'write taskModule(new URL(…, import.meta.url)), and pass one of its functions',
  ],
  [/^(task|setup|teardown|task of .*)$/, isArray, () => 'the task comes first, what it is called with second'],
  [/^(task|setup|teardown|task of .*)$/, always, () => 'pass the function itself, without calling it'],
  [/^jobs$/, isOf('Job'), () => 'write a list, such as [job]'],
  [/^each$/, isOf('AbortSignal'), () => 'write CancellationToken.from(signal)'],
  [/^each$/, isOf('Promise'), () => 'pass what submit() has returned'],
  [/^the items$/, isOf('Promise'), () => 'await it first'],
  [/^the items$/, isNumber, (value) => `write Array(${value}).keys()`],
  [/^the items$/, isObject, () => 'write Object.entries(object)'],
  [/^filter$/, isObject, () => "write a function, such as (job) => job.name === 'x'"],
  [/^(functions|pools|labels)$/, isArray, () => 'write an object that names them, such as { add }'],
  [/^recycle$/, isNumber, (value) => `write recycle: { afterJobs: ${value} }`],
  [/^aging$/, always, () => 'write aging: { everyMs: 1_000, step: 1 }'],
  [/^(permits|count|parties)$/, isObject, () => 'write the number itself'],
  [/^worker$/, always, () => 'write () => new Worker(new URL(…, import.meta.url))'],
  [/^it$/, isFunction, () => 'submit a function by submit(task, args)'],
];

/** What is given in place of an options object, by the action. The first that applies counts. */
const FOR_OPTIONS: readonly Advice[] = [
  [/^wait|^shut down/, isNumber, (value) => `write { timeoutMs: ${value} }`],
  [/^shut down/, isText, (value) => `write { mode: '${value}' }`],
  [/^wait/, isArray, () => 'write await Promise.all(jobs)'],
  [/^handle signals/, isArray, () => 'write { signals: [...] }'],
  [/Till/, isNumber, (value) => `write { ms: ${value} }`],
  [/^schedule/, isNumber, (value) => `write { everyMs: ${value} }`],
  [/^schedule/, (value) => value === undefined, () => 'write { everyMs: 1_000 }, or { cron }'],
  [/^create pool/, isNumber, (value) => `write { maxWorkers: ${value} }`],
  [/^make job/, isNumber, (value) => `write { priority: ${value} }, or { timeoutMs: ${value} }`],
  [/^make job/, isFunction, () => 'there is no callback: await the job'],
  [/^lock|permit/, isFunction, () => 'there is no callback: write using lease = await …, or call its release()'],
];

/** Returns what to write instead, as the end of a sentence; `undefined` if the value is not a usual mistake. */
export function adviceOn(
  value: unknown,
  { kind, name, action }: { readonly kind: string; readonly name: string; readonly action: string },
): string | undefined {
  const [table, subject] = name === 'options' ? [FOR_OPTIONS, action] : [ADVICE, name];
  for (const [on, isMistake, advice] of table) if (on.test(subject) && isMistake(value)) return advice(value);
  if (/number|integer/.test(kind) && isNumeric(value)) return `write ${Number(value)} without quotes, or Number(…)`;
  if (/milliseconds/.test(kind) && isDuration(value)) return `write ${msOf(value)}`;
  if (kind.startsWith('one of ') && typeof value === 'string') {
    const similar = nearest(value, kind.slice('one of '.length).split(', '));
    return similar === undefined ? undefined : `did you mean '${similar}'?`;
  }
  if (/Date/.test(kind) && isTime(value)) return `write new Date(${JSON.stringify(value)})`;
  return undefined;
}

/** As the package ms reads them, and others. */
const DURATION = /^(\d+(?:\.\d+)?) ?(?:(ms)|(s(?:ec(?:ond)?s?)?)|(m(?:in(?:ute)?s?)?)|(h(?:ours?)?)|(d(?:ays?)?))$/;
const MS_OF_UNITS = [1, 1_000, 60_000, 3_600_000, 86_400_000];

function isDuration(value: unknown): value is string {
  return typeof value === 'string' && DURATION.test(value);
}

function msOf(duration: string): number {
  const [, count, ...units] = DURATION.exec(duration) ?? [];
  const unit = units.findIndex((text) => text !== undefined);
  return Number(count) * (MS_OF_UNITS[unit] ?? Number.NaN);
}

function levelOf(value: unknown): string {
  const level = String(value).toUpperCase();
  return /^(LOWEST|LOW|NORMAL|HIGH|HIGHEST)$/.test(level) ? level : 'HIGH';
}

/** Names of other libraries, and words of daily speech, for options and events. */
const SYNONYMS: Readonly<Record<string, readonly string[]>> = {
  maxWorkers: [
    'maxThreads',
    'threads',
    'workers',
    'size',
    'poolSize',
    'numWorkers',
    'numThreads',
    'max',
    'numberOfWorkers',
  ],
  minWorkers: ['minThreads', 'min'],
  concurrency: ['concurrentTasksPerWorker', 'tasksPerWorker'],
  graceMs: ['workerTerminateTimeout', 'closeTimeout', 'terminateTimeout', 'gracePeriod'],
  kind: ['runtime', 'workerType', 'type'],
  retry: ['retries', 'attempts', 'maxAttempts', 'maxRetries', 'retryCount'],
  maxAttempts: ['attempts', 'retries', 'maxRetries', 'times', 'count', 'limit'],
  maxDelayMs: ['maxTimeout', 'maxDelay'],
  timeoutMs: ['timeout', 'taskTimeout', 'ttl', 'maxTime'],
  deadline: ['expires', 'expiresAt', 'until', 'by'],
  startAt: ['at', 'runAt', 'scheduledAt'],
  delayMs: ['wait', 'after', 'in'],
  dependsOn: ['dependencies', 'deps', 'requires', 'waitFor'],
  signal: ['abortSignal', 'abort'],
  token: ['cancellationToken', 'cancelToken', 'cancel'],
  key: ['id', 'jobId', 'dedupe', 'deduplicationKey'],
  chunk: ['chunkSize', 'batchSize', 'batch', 'size'],
  ordered: ['preserveOrder', 'inOrder'],
  everyMs: ['every', 'interval', 'intervalMs', 'repeat'],
  cron: ['pattern', 'expression', 'schedule'],
  ms: ['timeout', 'delay', 'timeoutMs', 'delayMs'],
  setup: ['initializer', 'init', 'onStart'],
  teardown: ['onExit', 'dispose', 'cleanup'],
  jobFailed: ['error', 'failed', 'fail', 'failure', 'reject', 'rejected'],
  jobCompleted: [
    'completed',
    'complete',
    'done',
    'success',
    'finish',
    'finished',
    'message',
    'resolve',
    'taskCompleted',
  ],
  jobStarted: ['start', 'started', 'active', 'taskStarted'],
  jobCancelled: ['cancel', 'cancelled', 'canceled', 'abort'],
  jobRetried: ['retry', 'retried', 'retrying'],
  workerExited: ['exit', 'workerExit', 'close', 'workerDestroy', 'terminated'],
  workerStarted: ['online', 'ready', 'worker', 'workerCreate'],
};
/** What to write for options of other libraries that have no counterpart. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  filename: 'name the module by taskModule(new URL(…, import.meta.url)), and submit its functions',
  workerPath: 'name the module by taskModule(new URL(…, import.meta.url)), and submit its functions',
  onProgress: 'write job.onProgress(fn)',
  onComplete: 'await the job',
  on: 'write job.onProgress(fn)',
  args: 'arguments are the second argument: submit(task, [x, y], options)',
};

/** Returns the hint for an unknown name: `did you mean …?`, or what to write; '' if there is none. */
export function hintFor(name: string, names: Iterable<string>, path = ''): string {
  const known = [...names];
  const similar = known.find((each) => SYNONYMS[each]?.includes(name)) ?? nearest(name, known);
  if (similar !== undefined) return ` (did you mean '${path}${similar}'?)`;
  return Object.hasOwn(ELSEWHERE, name) ? ` (${ELSEWHERE[name]})` : '';
}
