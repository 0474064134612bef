import { type ResourceLimits, SHARE_ENV, type Worker } from 'node:worker_threads';
import { bare } from '../../base/bare.js';
import { mustBe, wrongType } from '../../base/check/argument-errors.js';
import { type Given, optionNames, readOptions } from '../../base/check/options.js';
import { checkSupported } from '../../base/check/support.js';
import { checkNumber, checkObject, checkText, copyStrings } from '../../base/check/values.js';
import type { PoolKind } from './pool-kind.js';

/** A stream that receives what tasks write to `stdout` or `stderr`. */
export interface OutputStream {
  /** Takes what was written, as text or bytes. */
  write(chunk: string | Uint8Array): unknown;
}

/** The options that say how threads and processes are made. */
export interface ThreadOptions {
  /** Passed on to `Worker` of `node:worker_threads`. Default: those of Node.js. */
  readonly resourceLimits?: ResourceLimits | undefined;
  /** Passed on to `Worker` of `node:worker_threads`. Default: a copy of this thread's. */
  readonly env?: Readonly<Record<string, string | undefined>> | typeof SHARE_ENV | undefined;
  /** Passed on to `Worker` of `node:worker_threads`. Default: this thread's. */
  readonly execArgv?: readonly string[] | undefined;
  /** Appended to `process.argv` of tasks, as by `Worker` of `node:worker_threads`. Not for kind `'inline'`. Default: none. */
  readonly argv?: readonly unknown[] | undefined;
  /** Seen by tasks as `workerData` of `node:worker_threads`; cloned. Only for kind `'thread'`. Default: none. */
  readonly workerData?: unknown;
  /**
   * Destination of what tasks write to stdout: `false`, this thread's stdout; a stream; `true`, nowhere. Not for kind
   * `'inline'`. Default: `false`.
   */
  readonly stdout?: boolean | OutputStream | undefined;
  /** Like `stdout`, for stderr. Default: `false`. */
  readonly stderr?: boolean | OutputStream | undefined;
  /** Working directory of the child processes. Only for kind `'process'`. Default: this process's. */
  readonly cwd?: string | undefined;
  /** Path of the executable of the child processes. Only for kind `'process'`. Default: this process's. */
  readonly execPath?: string | undefined;
  /** Makes a worker, for bundlers that must see `new Worker(new URL(…))`: its file imports `thread-system/pool-worker`. Default: none. */
  readonly worker?: (() => Worker) | undefined;
}

export const THREAD_OPTIONS = {
  resourceLimits: true,
  env: true,
  execArgv: true,
  argv: true,
  workerData: true,
  stdout: true,
  stderr: true,
  cwd: true,
  execPath: true,
  worker: true,
} as const;

const RESOURCE_LIMITS = optionNames<ResourceLimits>(
  { maxYoungGenerationSizeMb: true, maxOldGenerationSizeMb: true, codeRangeSizeMb: true, stackSizeMb: true },
  'resourceLimits.',
);

/** The kinds of pools that have an option; all have the others. */
const KINDS_WITH = {
  argv: ['thread', 'process'],
  workerData: ['thread'],
  stdout: ['thread', 'process'],
  stderr: ['thread', 'process'],
  cwd: ['process'],
  execPath: ['process'],
} as const satisfies Partial<Record<keyof ThreadOptions, readonly PoolKind[]>>;

/**
 * Copies the options that are passed on to Node.js, so that they inherit nothing.
 *
 * @throws {TypeError | RangeError} that names the option, the rule and the value received.
 */
export function readThreadOptions(given: Given<ThreadOptions>, kind: PoolKind, action: string): ThreadOptions {
  const { resourceLimits, env, execArgv, argv, workerData, stdout, stderr, cwd, execPath, worker } = given;
  if (worker !== undefined && typeof worker !== 'function')
    throw mustBe('a function that makes a Worker', worker, 'worker', action);
  for (const [name, kinds] of Object.entries(KINDS_WITH)) {
    if (given[name as keyof ThreadOptions] === undefined) continue;
    if (!kinds.some((each) => each === kind))
      throw wrongType(
        action,
        `${name} is an option of kind ${kinds.map((each) => `'${each}'`).join(' and ')}`,
        `kind '${kind}'`,
      );
  }
  if (resourceLimits !== undefined) checkSupported('resourceLimits', 'resourceLimits', action);
  if (execArgv !== undefined) checkSupported('execArgv', 'execArgv', action);
  if (worker !== undefined && (argv !== undefined || workerData !== undefined))
    throw wrongType(action, 'argv and workerData cannot be given with worker, which passes them to new Worker itself');
  return bare({
    resourceLimits: resourceLimits === undefined ? undefined : readResourceLimits(resourceLimits, action),
    env: env === undefined || env === SHARE_ENV ? env : readEnv(env, action),
    execArgv: execArgv === undefined ? undefined : copyStrings(execArgv, 'execArgv', action),
    argv: argv === undefined ? undefined : copyArgv(argv, action),
    workerData: workerData === undefined ? undefined : checkCloneable(workerData, action),
    stdout: checkOutput(stdout, 'stdout', action),
    stderr: checkOutput(stderr, 'stderr', action),
    cwd: cwd === undefined ? undefined : checkText(cwd, 'cwd', action),
    execPath: execPath === undefined ? undefined : checkText(execPath, 'execPath', action),
    worker: worker as (() => Worker) | undefined,
  });
}

function readEnv(value: unknown, action: string): Readonly<Record<string, string | undefined>> {
  return bare(checkObject(value, 'env', action)) as Readonly<Record<string, string | undefined>>;
}

function readResourceLimits(value: unknown, action: string): ResourceLimits {
  const given = readOptions(value, RESOURCE_LIMITS, action);
  for (const [name, limit] of Object.entries(given)) checkNumber(limit, `resourceLimits.${name}`, action);
  return given as ResourceLimits;
}

/** Returns the arguments as the strings that `process.argv` will have. */
function copyArgv(value: unknown, action: string): readonly string[] {
  if (Array.isArray(value) && value.every((item) => typeof item !== 'symbol')) return value.map((item) => String(item));
  throw mustBe('an array of strings', value, 'argv', action);
}

/** @throws {TypeError} if the value cannot be cloned: no thread could be started with it. */
function checkCloneable(value: unknown, action: string): unknown {
  try {
    structuredClone(value);
    return value;
  } catch (cause) {
    throw wrongType(action, 'workerData must be cloneable', cause instanceof Error ? cause.message : undefined);
  }
}

function checkOutput(value: unknown, name: string, action: string): boolean | OutputStream | undefined {
  if (value === undefined || value === false) return value;
  checkSupported('outputOptions', name, action);
  if (value === true) return value;
  if (typeof value === 'object' && value !== null && 'write' in value && typeof value.write === 'function')
    return value as OutputStream;
  throw mustBe('a boolean or a writable stream', value, name, action);
}
