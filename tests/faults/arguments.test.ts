import { describe, expect, test } from '@jest/globals';
import {
  Barrier,
  CancellationToken,
  Condition,
  Job,
  JobGraph,
  type JobGroup,
  Latch,
  Mutex,
  Semaphore,
  Signal,
  ThreadPool,
  Till,
  taskModule,
} from 'thread-system';
import { publicFunctions } from '../support/public-options.ts';
import { tasks } from '../support/tasks.ts';

interface Made {
  readonly group: JobGroup;
}

/** A call with an argument that it does not take, or of a wrong kind, and what is thrown. */
interface BadCall {
  /** What is called, as in `publicFunctions`. */
  readonly name: string;
  readonly call: (made: Made) => unknown;
  readonly message: string;
}

const bad = (name: string, call: BadCall['call'], message: string): BadCall => ({ name, call, message });
/** As in JavaScript: with whatever arguments. */
const any = <T>(value: T): Record<string, (...args: unknown[]) => unknown> => value as never;
const construct = (made: unknown, ...args: unknown[]): unknown => Reflect.construct(made as () => void, args);
const graphOf = (): [JobGraph, ...unknown[]] => {
  const graph = new JobGraph();
  return [
    graph,
    graph.add('a', tasks.add, [1, 2]),
    graph.add('b', tasks.add, [1, 2]),
    graph.add('c', tasks.add, [1, 2]),
  ];
};

const badCalls: readonly BadCall[] = [
  bad('new Signal', () => construct(Signal, 5), 'Cannot make a signal: it takes no arguments, received 5'),
  bad(
    'Signal.from',
    () => Signal.from(5 as never),
    'Cannot make a signal: abortSignal must be an AbortSignal, received 5',
  ),
  bad(
    'Signal.from',
    () => any(Signal)['from']?.(new AbortController().signal, { once: true }),
    'Cannot make a signal: it takes only an AbortSignal, received an object',
  ),
  bad(
    'Signal.onGo',
    () => new Signal().onGo(5 as never),
    'Cannot register onGo: the listener must be a function, received 5',
  ),
  bad(
    'Signal.onGo',
    () => any(new Signal())['onGo']?.(() => {}, { once: true }),
    'Cannot register onGo: it takes only a listener, received an object',
  ),
  bad(
    'Signal.and',
    () => new Signal().and(5 as never),
    'Cannot combine signals: the other must be a Signal, received 5',
  ),
  bad(
    'Signal.and',
    () => any(new Signal())['and']?.(new Signal(), new Signal()),
    'Cannot combine signals: it takes one other signal, received an instance of Signal',
  ),
  bad(
    'Signal.or',
    () => any(new Signal())['or']?.(new Signal(), new Latch(1)),
    'Cannot combine signals: it takes one other signal, received an instance of Latch',
  ),
  bad(
    'Signal.toAbortSignal',
    () => any(new Signal())['toAbortSignal']?.({ reason: 'x' }),
    'Cannot make an AbortSignal: it takes no arguments, received an object',
  ),
  bad(
    'new Till',
    () => construct(Till, 5),
    'Cannot make a Till: options must be an object, received 5; write { ms: 5 }',
  ),
  bad('new Till', () => construct(Till, { ms: 5 }, 5), 'Cannot make a Till: it takes only options, received 5'),
  bad(
    'Till.at',
    () => Till.at('soon' as never),
    "Cannot make a Till: date must be a Date or ms since 1970, received 'soon'",
  ),
  bad('Till.at', () => any(Till)['at']?.(5, { ms: 5 }), 'Cannot make a Till: it takes only a date, received an object'),
  bad(
    'new CancellationToken',
    () => construct(CancellationToken, 'x'),
    "Cannot make a token: it takes no arguments, received 'x'",
  ),
  bad(
    'CancellationToken.any',
    () => CancellationToken.any([5] as never),
    'Cannot link tokens: each must be a CancellationToken, received 5',
  ),
  bad(
    'CancellationToken.timeout',
    () => CancellationToken.timeout(-5),
    'Cannot make a token: ms must be 0 or more milliseconds, received -5',
  ),
  bad(
    'CancellationToken.timeout',
    () => any(CancellationToken)['timeout']?.(5, { reason: 'x' }),
    'Cannot make a token: it takes only milliseconds, received an object',
  ),
  bad(
    'CancellationToken.deadline',
    () => any(CancellationToken)['deadline']?.(5, { reason: 'x' }),
    'Cannot make a token: it takes only a date, received an object',
  ),
  bad(
    'CancellationToken.from',
    () => any(CancellationToken)['from']?.(AbortSignal.abort(), { reason: 'x' }),
    'Cannot make a token: it takes only an AbortSignal, received an object',
  ),
  bad(
    'CancellationToken.child',
    () => any(new CancellationToken())['child']?.({ timeoutMs: 5 }),
    'Cannot make a child of a token: it takes no arguments, received an object',
  ),
  bad(
    'CancellationToken.onCancel',
    () => any(new CancellationToken())['onCancel']?.(() => {}, { once: true }),
    'Cannot register onCancel: it takes only a listener, received an object',
  ),
  bad(
    'new Semaphore',
    () => construct(Semaphore, '3'),
    "Cannot make a semaphore: permits must be a whole number, received '3'; write 3 without quotes, or Number(…)",
  ),
  bad('new Semaphore', () => construct(Semaphore, 3, 4), 'Cannot make a semaphore: it takes only permits, received 4'),
  bad(
    'Semaphore.tryAcquire',
    () => any(new Semaphore(3))['tryAcquire']?.(2),
    'Cannot try to acquire a semaphore: it takes no arguments, but one permit, received 2',
  ),
  bad('new Mutex', () => construct(Mutex, {}), 'Cannot make a mutex: it takes no arguments, received an object'),
  bad(
    'Mutex.tryLock',
    () => any(new Mutex())['tryLock']?.({ timeoutMs: 5 }),
    'Cannot try to lock a mutex: it takes no arguments, received an object',
  ),
  bad('new Condition', () => construct(Condition, 5), 'Cannot make a condition: mutex must be a Mutex, received 5'),
  bad(
    'new Condition',
    () => construct(Condition, new Mutex(), {}),
    'Cannot make a condition: it takes only a mutex, received an object',
  ),
  bad(
    'new Latch',
    () => construct(Latch, '3'),
    "Cannot make a latch: count must be a whole number, received '3'; write 3 without quotes, or Number(…)",
  ),
  bad(
    'new Latch',
    () => construct(Latch, 3, { count: 4 }),
    'Cannot make a latch: it takes only a count, received an object',
  ),
  bad(
    'new Barrier',
    () => construct(Barrier),
    'Cannot make a barrier: parties must be a whole number, received undefined',
  ),
  bad('new Barrier', () => construct(Barrier, 3, 4), 'Cannot make a barrier: it takes only parties, received 4'),
  bad(
    'new Job',
    () => construct(Job, tasks.add, 5),
    "Cannot make job 'add': args must be an array, received 5; write the list of the arguments, such as [x, y]",
  ),
  bad(
    'new Job',
    () => construct(Job, tasks.add, null),
    "Cannot make job 'add': args must be an array, received null; write the list of the arguments, such as [x, y]",
  ),
  bad(
    'Job.setPriority',
    () => new Job(tasks.add, [1, 2]).setPriority('x' as never),
    "Cannot set priority of job 'add': priority must be a finite number, received 'x'; write a number, such as JobPriority.HIGH",
  ),
  bad(
    'Job.post',
    () => new Job(tasks.add, [1, 2]).post('any', 5 as never),
    "Cannot post to job 'add': transfer must be an array, received 5; write a list of what to move, such as [buffer]",
  ),
  bad(
    'Job.onProgress',
    () => new Job(tasks.add, [1, 2]).onProgress(5 as never),
    'Cannot register onProgress: the listener must be a function, received 5',
  ),
  bad(
    'Job.onProgress',
    () => any(new Job(tasks.add, [1, 2]))['onProgress']?.(() => {}, { once: true }),
    'Cannot register onProgress: it takes only a listener, received an object',
  ),
  bad(
    'taskModule',
    () => taskModule('./tasks.js'),
    "Cannot name task module: url must be a URL or an absolute path, such as new URL('./tasks.js', import.meta.url), received './tasks.js'",
  ),
  bad(
    'taskModule',
    () => any({ taskModule })['taskModule']?.(import.meta.url, { cache: false }),
    'Cannot name task module: it takes only a URL, received an object',
  ),
  bad(
    'JobGraph.add',
    () => new JobGraph().add('a', tasks.add, null as never),
    "Cannot add node 'a': args must be an array, received null; write the list of the arguments, such as [x, y]",
  ),
  bad(
    'JobGraph.connect',
    () => {
      const [graph, a, b, c] = graphOf();
      return any(graph)['connect']?.(a, b, c);
    },
    'Cannot connect nodes: it takes two nodes, received an instance of GraphNode',
  ),
  bad(
    'JobGraph.toMermaid',
    () => any(new JobGraph())['toMermaid']?.({ direction: 'LR' }),
    'Cannot draw a graph: it takes no options, received an object',
  ),
  bad(
    'JobGraph.toDot',
    () => any(new JobGraph())['toDot']?.({ direction: 'LR' }),
    'Cannot draw a graph: it takes no options, received an object',
  ),
  bad(
    'JobGraph.run',
    () => new JobGraph().run(5 as never),
    'Cannot run the graph: pool must be a ThreadPool, received 5',
  ),
  bad(
    'Job.setTimeLimit',
    () => any(new Job(tasks.add, [1, 2]))['setTimeLimit']?.(-1),
    "Cannot set the time limit of job 'add': ms must be 0 or more milliseconds, received -1",
  ),
  bad(
    'JobGroup.submit',
    ({ group }) => any(group)['submit']?.(tasks.add, 5),
    "Cannot make job 'add': args must be an array, received 5; write the list of the arguments, such as [x, y]",
  ),
  bad(
    'JobGroup.submitMany',
    ({ group }) => any(group)['submitMany']?.(tasks.add, 5),
    'Cannot submit jobs: listOfArgs must be iterable, received 5',
  ),
  bad(
    'JobGroup.group',
    ({ group }) => any(group)['group']?.(5),
    'Cannot make a group: name must be a string that is not empty, received 5',
  ),
  bad(
    'JobGroup.group',
    ({ group }) => any(group)['group']?.('part', { concurrency: 0 }),
    'Cannot make a group: concurrency must be a whole number, 1 or more, received 0',
  ),
];

/** What takes any argument, or is passed as a callback, which gets what the caller has; or refuses in `options.test.ts`. */
const lenient = new Map<string, string>([
  ...['CancellationToken', 'Signal', 'Till', 'Latch', 'Condition'].flatMap((name): [string, string][] => [
    [`${name}.wait`, 'options'],
    [`${name}.waitSync`, 'options'],
  ]),
  ...['Semaphore.acquire', 'Semaphore.acquireSync', 'Mutex.lock', 'Mutex.lockSync', 'JobGroup.waitAll'].map(
    (name): [string, string] => [name, 'options'],
  ),
  ['Barrier.arriveAndWait', 'options'],
  ['Barrier.arriveAndWaitSync', 'options'],
  ['new JobGraph', 'options'],
  ['CancellationToken.cancel', 'any reason'],
  ['Job.cancel', 'any reason'],
  ['JobGroup.cancel', 'any reason'],
  ['Job.then', 'as of a promise'],
  ['Job.catch', 'as of a promise'],
  ['Job.finally', 'as of a promise'],
  ['Job.toJSON', 'called by JSON.stringify, with a key'],
  ['GraphNode.toJSON', 'called by JSON.stringify, with a key'],
  ['CancellationToken.throwIfCancelled', 'a callback; in loops, where it must cost nothing'],
  ['Signal.go', 'a callback'],
  ['Latch.countDown', 'a callback, of promises of numbers, too'],
  ['Semaphore.release', 'as above'],
  ['Condition.notify', 'as above'],
  ['Condition.notifyAll', 'a callback'],
  ['Lease.release', 'a callback'],
  ['MutexLease.release', 'a callback'],
  ['Schedule.pause', 'a callback'],
  ['Schedule.resume', 'a callback'],
  ['Schedule.cancel', 'a callback'],
  ['Schedule.ref', 'a callback'],
  ['Schedule.unref', 'a callback'],
  ...['GraphNode', 'JobGroup', 'Lease', 'MutexLease', 'Schedule'].map((name): [string, string] => [
    `new ${name}`,
    'the surface exports its type only',
  ]),
  ['JobGroup.stats', 'it has nothing to choose'],
  ['JobGraph.criticalPath', 'it has nothing to choose'],
]);
const OURS =
  /^(?:new )?(?:CancellationToken|Signal|Till|Semaphore|Mutex|MutexLease|Lease|Condition|Latch|Barrier|Job|JobGraph|GraphNode|JobGroup|Schedule|taskModule)(?:\.|$)/;

test('the table has every public constructor and method', () => {
  const all = publicFunctions(() => true).filter((name) => OURS.test(name) && !name.includes('.__@'));
  const tested = new Set(badCalls.map(({ name }) => name));
  const inherited = all.filter((name) => name.startsWith('Till.') && all.includes(name.replace('Till.', 'Signal.')));
  expect(all.length).toBeGreaterThan(50);
  expect(all.filter((name) => !tested.has(name) && !lenient.has(name) && !inherited.includes(name))).toEqual([]);
  expect([...tested, ...lenient.keys()].filter((name) => !all.includes(name))).toEqual([]);
});

describe('an argument that is not taken, or is of a wrong kind, is refused', () => {
  test.each(badCalls)('by $name: $message', async ({ call, message }) => {
    await using pool = new ThreadPool({ kind: 'inline', maxWorkers: 1 });
    const group = pool.group('g');
    const thrown = await (async () => call({ group }))().then(
      () => 'nothing',
      (error: unknown) => error,
    );
    expect(thrown).toBeInstanceOf(Error);
    expect((thrown as Error).message).toBe(message);
  });
});

test('functions that are passed as callbacks ignore what these get besides', async () => {
  const controllers = [new AbortController(), new AbortController()];
  const signals = controllers.map(({ signal }) => signal);
  expect(signals.map(CancellationToken.from).every((token) => !token.isCancelled)).toBe(true);
  expect([1e6, 1e6].map(CancellationToken.timeout).every((token) => !token.isCancelled)).toBe(true);
  expect(signals.map(Signal.from).every((signal) => !signal.isSet)).toBe(true);
  const latch = new Latch(2);
  await Promise.resolve('done').then(latch.countDown.bind(latch));
  await Promise.resolve(7).then(latch.countDown.bind(latch));
  expect(latch.count).toBe(0);
  const semaphore = new Semaphore(0);
  [1, 2].forEach(semaphore.release, semaphore);
  expect([1, 2, 3].map(() => semaphore.tryAcquire())).toEqual([true, true, false]);
  const [token, signal] = [new CancellationToken(), new Signal()];
  expect([1, 2].map(token.child, token)).toHaveLength(2);
  expect([new Signal(), new Signal()].map(signal.and, signal)).toHaveLength(2);
  await using pool = new ThreadPool({ kind: 'inline' });
  await Promise.resolve(5).then(pool.ready.bind(pool));
  await Promise.resolve(5).then(signal.go.bind(signal));
  expect(signal.isSet).toBe(true);
});
