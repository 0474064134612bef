import { type CurrentJob, type Task, type ThreadPool, type ThreadPoolOptions, taskModule } from 'thread-system';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { gated } from './file-gate.ts';
import type { RedisServer } from './redis-server.ts';
import { fixture, tasks } from './tasks.ts';

/** The types of `tests/tasks/inline-calls.mjs`. */
interface InlineCalls {
  callText(this: CurrentJob, text: string, ...args: unknown[]): unknown;
  callTextWith(this: CurrentJob, item: unknown, text: string, ...args: unknown[]): unknown;
}
const calls = taskModule<InlineCalls>(fixture('inline-calls.mjs'));
const common = taskModule<{ twice(): void; nameOfJob(): void }>(fixture('common.cjs'));
const typed = taskModule<typeof import('../tasks/typed.ts')>(fixture('typed.ts'));
const missing = taskModule<{ any(): void }>(fixture('no-such-file.mjs'));

/** The tasks of the suites by the names of their exports, which have to be different in one cluster. */
const HOST_TASKS = {
  ...named(tasks, [
    'aboutMe',
    'add',
    'byteLength',
    'cancelOwnToken',
    'echo',
    'exit',
    'exitUntil',
    'fail',
    'notExported',
  ]),
  ...named(tasks, ['report', 'throwValue', 'yields', 'yieldsAsync']),
  ...named(gated, ['block', 'cancelToken', 'deaf', 'hold', 'moved', 'note', 'pid', 'reasonOf', 'spin', 'spinUntil']),
  ...named(gated, ['succeedAt', 'surviveAt', 'threadId', 'untilAborted', 'untilCancelled', 'views']),
  ...named(calls, ['callText', 'callTextWith']),
  ...named(common, ['nameOfJob', 'twice']),
  ...named(typed, ['greet', 'square']),
  ...named(missing, ['any']),
};

function named<M, K extends keyof M & string>(module: M, names: readonly K[]): Record<string, Task> {
  return Object.fromEntries(names.map((name) => [name, module[name] as Task]));
}

type Args = readonly unknown[];
type Options = { readonly name?: string; readonly args?: Args };

let lastQueue = 0;

/**
 * Makes a cluster of one host, and returns of it what the suites of local pools call. Its tasks are those of modules: an inline
 * function goes as text to a task that calls it.
 */
export function makeClusterPool({ connection }: RedisServer, options: ThreadPoolOptions): ThreadPool {
  const { maxQueue, ...ofHost } = options;
  const queue = `suite-${++lastQueue}`;
  const host = new ClusterHost({ connection, queue, tasks: HOST_TASKS, ...ofHost });
  const pool = new ClusterPool({ connection, queue, ...(maxQueue !== undefined && { maxQueue }) });
  const submit = (task: Task, args: Args = [], jobOptions: Options = {}) => {
    if (typeof task !== 'function') return pool.submit(task as Task, args as never, jobOptions as never);
    const ofText = { ...(task.name !== '' && { name: task.name }), ...jobOptions };
    return pool.submit(calls.callText, [String(task), ...args], ofText as never);
  };
  const shutdown = async (how?: object) => {
    const counts = await pool.shutdown(how);
    await host.drain({ timeoutMs: 0 });
    return counts;
  };
  const members = {
    submit,
    submitMany: (task: Task, list: Iterable<Args>) => Array.from(list, (args) => submit(task, args)),
    map: (task: Task, items: Iterable<unknown>, jobOptions: Options = {}) =>
      typeof task === 'function'
        ? pool.map(calls.callTextWith, items, {
            ...jobOptions,
            args: [String(task), ...(jobOptions.args ?? [])],
          } as never)
        : pool.map(task as never, items, jobOptions as never),
    group: (...args: Parameters<ClusterPool['group']>) => pool.group(...args),
    on: (...args: Parameters<ClusterPool['on']>) => pool.on(...args),
    pause: () => pool.pause(),
    resume: () => pool.resume(),
    ready: () => pool.ready(),
    waitAll: (how?: object) => pool.waitAll(how),
    /** The counts of the submitter, the workers of the host. */
    metrics: async () => {
      const own = pool.state === 'closed' ? {} : (await pool.metrics()).own;
      return { ...own, workers: host.metrics().workers };
    },
    shutdown,
    [Symbol.asyncDispose]: () => shutdown({ mode: 'abort' }),
  };
  return members as unknown as ThreadPool;
}
