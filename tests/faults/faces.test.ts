import { inspect } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import {
  Barrier,
  CancellationToken,
  Condition,
  Job,
  JobGraph,
  Latch,
  Mutex,
  Semaphore,
  Signal,
  Thread,
  ThreadPool,
  Till,
  taskModule,
} from 'thread-system';
import { move } from 'thread-system/worker';
import type { Kind } from '../support/conformance.ts';
import { Gate } from '../support/gate.ts';
import { fixture, tasks } from '../support/tasks.ts';

interface Face {
  /** Each name that reaches something of an object of the class, in its prototypes, too. */
  readonly names: string;
  /** What `Object.keys` shows. */
  readonly keys: string;
  /** The same of the class itself. */
  readonly statics: string;
}
type Faces = Record<string, Face>;

interface FaceTasks {
  facesHere(...shared: object[]): Promise<{ faces: Faces; isThis: boolean; text: string }>;
  misname(): Promise<number | string>;
}

const faceTasks = taskModule<FaceTasks>(fixture('faces.mjs'));
const { facesOf }: { facesOf(objects: readonly unknown[]): Faces } = await import(fixture('faces.mjs').href);

const face = (names: string, keys = '', statics = ''): Face => ({ names, keys, statics });
const PROMISE = 'catch finally then';

/** What is documented of the objects over shared memory: whoever holds one more, on whichever thread, finds this. */
const SHARED: Faces = {
  CancellationToken: face(
    'cancel child isCancelled onCancel reason signal throwIfCancelled wait waitSync',
    '',
    'any deadline from timeout',
  ),
  Signal: face('and go isSet onGo or toAbortSignal wait waitSync', '', 'DONE NEVER from'),
  Till: face('and go isSet onGo or toAbortSignal wait waitSync', '', 'DONE NEVER at from'),
  Semaphore: face('acquire acquireSync isLocked release tryAcquire value'),
  Mutex: face('isLocked lock lockSync tryLock'),
  Condition: face('notify notifyAll wait waitSync'),
  Latch: face('count countDown wait waitSync'),
  Barrier: face('arriveAndWait arriveAndWaitSync arrived parties'),
};

/** What is documented of all else that a program holds. A new name here is a new promise to users: document it first. */
const HELD: Faces = {
  ...SHARED,
  Lease: face('isReleased release'),
  MutexLease: face('abandoned isReleased release'),
  Job: face(
    `attempts cancel catch endedAt error executionMs finally id name onProgress post priority progress queuedMs result setPriority setTimeLimit startedAt state then toJSON token workerId`,
  ),
  ProgressStream: face(''),
  ProgressReader: face('next return'),
  JobGroup: face('cancel group name stats submit submitMany token waitAll', 'name token'),
  JobMap: face(`cancel failure onProgress settledCount ${PROMISE}`.split(' ').sort().join(' ')),
  JobStream: face('next return take'),
  Schedule: face('cancel id job name next pause ref resume runs state unref', 'id'),
  Thread: face('job join name release run stop stopped', 'job name stopped', 'run'),
  JobGraph: face('add connect criticalPath nodes run toDot toMermaid'),
  GraphNode: face('job name output toJSON', 'name output'),
  NodeOutput: face(''),
  ThreadPool: face(
    'broadcast cancelAll failures asCompleted group jobs map maxWorkers metrics name off on once pause profile ready recycle removeListener results resize resume schedule schedules shutdown state submit submitJob submitMany top trace waitAll warmUp'
      .split(' ')
      .sort()
      .join(' '),
    '',
    'handleSignals',
  ),
  ModuleExport: face('name url', 'name url'),
  Moved: face(''),
};

const IN_TASK: Faces = {
  ...SHARED,
  JobContext: face(
    'attempt call callSync context id messages name onMessage priority receiveSync report signal submit throwIfCancelled toJSON token workerId',
  ),
  Child: face(`cancel ${PROMISE.replace('then', 'name then')} toJSON`),
};

function sharedObjects(): object[] {
  const mutex = new Mutex();
  return [
    ...[new CancellationToken(), CancellationToken.timeout(1e6), new CancellationToken().child()],
    ...[new Signal(), new Signal().or(new Signal()), new Till({ ms: 1e6 }), new Semaphore(3), mutex],
    ...[new Condition(mutex), new Latch(2), new Barrier(2)],
  ];
}

describe('of all that is held, only what is documented has a name', () => {
  test('on the main thread', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    using gate = new Gate();
    const held = pool.submit(tasks.hold, [gate.words, 1]);
    const cancelled = pool.submit(tasks.add, [1, 2], { token: new CancellationToken() });
    cancelled.cancel();
    const graph = new JobGraph();
    graph.add('n', tasks.add, [1, 2]);
    const thread = Thread.run('t', tasks.add, [1, 2]);
    const map = pool.map((x: number) => x, [1]);
    const schedule = pool.schedule(tasks.add, [1, 2], { everyMs: 1e6 });
    const semaphore = new Semaphore(1);
    const faces = facesOf([
      ...sharedObjects(),
      ...[CancellationToken.from(AbortSignal.abort()), Signal.DONE, Signal.NEVER],
      ...[await semaphore.acquire(), await new Mutex().lock()],
      ...[held, cancelled, new Job(tasks.add, [1, 2]), held.progress[Symbol.asyncIterator]()],
      ...[pool, pool.group('g').group('inner'), map, pool.results(), pool.asCompleted([held]), schedule],
      ...[thread, graph, tasks.add, move({}, [])],
    ]);
    expect(faces).toEqual(HELD);
    schedule.cancel();
    gate.open();
    await thread.join();
  });

  test.each<Kind>(['thread', 'process', 'inline'])('in a task, kind %s', async (kind) => {
    await using pool = new ThreadPool({ maxWorkers: 1, kind });
    const objects = kind === 'process' ? [new CancellationToken()] : sharedObjects();
    const { faces, isThis, text } = await pool.submit(faceTasks.facesHere, objects, { name: 'look', priority: 3 });
    const { JobContext, Child, CancellationToken: Token } = IN_TASK;
    expect(faces).toEqual(kind === 'process' ? { JobContext, Child, CancellationToken: Token } : IN_TASK);
    expect(isThis).toBe(true);
    expect(JSON.parse(text)).toEqual({
      job: { id: expect.any(Number), name: 'look', priority: 3, attempt: 1, workerId: expect.any(Number) },
      child: { name: 'one' },
      shared: objects.map(() => ({})),
    });
  });
});

test.each<Kind>(['thread', 'process', 'inline'])('a misnamed call in a task reaches nothing, kind %s', async (kind) => {
  await using pool = new ThreadPool({ maxWorkers: 1, kind });
  expect(await pool.submit(faceTasks.misname, [])).toBe(1);
  expect(await pool.submit(faceTasks.misname, [])).toBe(1);
  expect(pool.metrics()).toMatchObject({ completed: 4, failed: 0, active: 0, pending: 0 });
});

test('what is given to a constructor besides what is documented does not get into the object', () => {
  const words = new Int32Array(new SharedArrayBuffer(64));
  const Lock = Mutex as unknown as new (...args: unknown[]) => Mutex;
  const Permits = Semaphore as unknown as new (...args: unknown[]) => Semaphore;
  const refusal = /^Cannot make a \w+: it takes (?:no arguments|only permits), received an /;
  expect(() => new Lock(words)).toThrow(refusal);
  expect(() => new Permits(2, words)).toThrow(refusal);
  const Token = CancellationToken as unknown as new (...args: unknown[]) => CancellationToken;
  expect(() => new Token({ source: { hasFired: true } }, { words })).toThrow(refusal);
  const Go = Signal as unknown as new (...args: unknown[]) => Signal;
  new Go(undefined, words).go();
  expect(words.some((word) => word !== 0)).toBe(false);
});

test('a subclass whose methods are named as the engine names its own keeps both', async () => {
  class Mine extends CancellationToken {
    id = 'mine';
    link(): string {
      return 'link';
    }
    tell(): never {
      throw new Error('the engine calls nobody by that name');
    }
    get source(): never {
      throw new Error('nor this');
    }
  }
  await using pool = new ThreadPool({ maxWorkers: 1 });
  const token = new Mine();
  const looks = pool.submit(tasks.spinUntilToken, [token]);
  const waits = pool.submit(tasks.add, [1, 2], { token });
  await new Promise<void>((resolve) => pool.on('jobStarted', () => resolve()));
  token.cancel('enough');
  expect(await looks).toBe(true);
  await expect(waits).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'enough' });
  expect(token.link()).toBe('link');
});

test('what crosses by its shared memory is refused by a structured clone all the same', () => {
  for (const object of [...sharedObjects(), new Mutex().tryLock(), tasks.add, move({}, [])])
    expect(() => structuredClone({ object })).toThrow(expect.objectContaining({ name: 'DataCloneError' }));
});

test('console.log of what a task holds shows what matters', async () => {
  await using pool = new ThreadPool({ maxWorkers: 1, kind: 'inline' });
  const job = pool.submit(
    function (this: object) {
      return process.getBuiltinModule('node:util').inspect(this, { breakLength: Number.POSITIVE_INFINITY });
    },
    [],
    { name: 'shown' },
  );
  expect(await job).toMatch(/^CurrentJob \{ id: \d+, name: 'shown', priority: 2, attempt: 1, workerId: \d+ \}$/);
  expect(inspect(new Latch(2))).toBe('Latch { count: 2 }');
});
