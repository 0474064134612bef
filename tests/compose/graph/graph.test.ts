import { describe, expect, test } from '@jest/globals';
import { CancellationToken, CancelledError, JobGraph, PoolClosedError, ThreadPool } from 'thread-system';
import { occupy, until } from '../../support/gate.ts';
import { OrderLog } from '../../support/order-log.ts';
import { tasks } from '../../support/tasks.ts';

describe('a graph', () => {
  test('passes results on, at any depth of the arguments, and each node runs after those before it', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const graph = new JobGraph();
    const a = graph.add('a', (x: number) => x, [1]);
    const b = graph.add('b', tasks.add, [a.output, 10]);
    const c = graph.add('c', tasks.echo, [{ deep: [{ a: a.output, b: b.output }], plain: new Date(0) }]);
    const results = await graph.run(pool);
    expect(results).toEqual(
      new Map<string, unknown>([
        ['a', 1],
        ['b', 11],
        ['c', { deep: [{ a: 1, b: 11 }], plain: new Date(0) }],
      ]),
    );
    expect(b.job?.result).toBe(11);
    expect(c.job?.name).toBe('c');
    expect(graph.nodes).toEqual([a, b, c]);
  });

  test('gives an argument that holds itself, or is there twice, as it is', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    const a = graph.add('a', tasks.echo, [1]);
    const shared = { a: a.output };
    const round: Record<string, unknown> = { one: shared, two: shared };
    round['self'] = round;
    graph.add('b', tasks.echo, [round]);
    const result = (await graph.run(pool)).get('b') as typeof round;
    expect(result['one']).toEqual({ a: 1 });
    expect(result['two']).toBe(result['one']);
    expect(result['self']).toBe(result);
    expect(round['one']).toBe(shared); // the caller's own is not changed
    expect(shared.a).toBe(a.output);
  });

  test('of thousands of nodes in a row is run, whatever the order in which they were added', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    const nodes = Array.from({ length: 3_000 }, (_, i) => graph.add(`n${i}`, tasks.echo, [i]));
    for (const [i, node] of nodes.entries()) if (i > 0) graph.connect(node, nodes[i - 1] as typeof node);
    expect((await graph.run(pool)).size).toBe(3_000);
    expect(graph.criticalPath().nodes.slice(0, 2)).toEqual(['n2999', 'n2998']);
  });

  test('keeps the order that connect gives', async () => {
    await using pool = new ThreadPool({ maxWorkers: 2 });
    const graph = new JobGraph();
    const log = new OrderLog(2);
    const second = graph.add('second', tasks.note, [log.words, 2]);
    const first = graph.add('first', tasks.note, [log.words, 1]);
    graph.connect(first, second);
    await graph.run(pool);
    expect(log.values).toEqual([1, 2]);
  });

  test('without nodes has no results', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    expect(await graph.run(pool)).toEqual(new Map());
    expect(graph.criticalPath()).toEqual({ nodes: [], ms: 0 });
    expect(graph.toMermaid()).toBe('flowchart TD\n');
  });

  test('may be run again, but not while it runs, and takes no node then', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    const node = graph.add('a', tasks.echo, [1]);
    const running = graph.run(pool);
    await expect(graph.run(pool)).rejects.toThrow('Cannot run the graph: it runs already');
    expect(() => graph.add('b', tasks.echo, [1])).toThrow('the graph runs');
    expect(() => graph.connect(node, node)).toThrow('the graph runs');
    await running;
    const job = node.job;
    await graph.run(pool);
    expect(node.job).not.toBe(job);
  });
});

describe('a node that fails', () => {
  test("with 'failFast' cancels all others, and the run rejects with its error", async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    const bad = graph.add('bad', tasks.fail, ['no']);
    const other = graph.add('other', tasks.echo, [1], { delayMs: 2 ** 40 });
    const after = graph.add('after', tasks.echo, [bad.output]);
    const running = graph.run(pool);
    await expect(running).rejects.toThrow(new RangeError('no'));
    expect(other.job?.state).toBe('CANCELLED');
    expect(other.job?.error).toMatchObject({ reason: "node 'bad' failed: no" });
    expect(after.job).toBeUndefined();
  });

  test("with 'skipDependents' lets those run that do not depend on it", async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph({ onFailure: 'skipDependents' });
    const bad = graph.add('bad', tasks.fail, ['no']);
    const after = graph.add('after', tasks.echo, [bad.output]);
    const later = graph.add('later', tasks.echo, [after.output]);
    const other = graph.add('other', tasks.echo, [graph.add('first', tasks.echo, [1]).output]);
    await expect(graph.run(pool)).rejects.toThrow('no');
    expect([after.job, later.job]).toEqual([undefined, undefined]);
    expect(other.job?.result).toBe(1);
  });

  test('is replaced by its fallback, called with the same arguments, after its retries', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    const first = graph.add('first', (text: string) => text, ['x']);
    const node = graph.add('a', tasks.fail, [first.output], { retry: { maxAttempts: 2 }, fallback: tasks.echo });
    const results = await graph.run(pool);
    expect(results.get('a')).toBe('x');
    expect(node.job?.state).toBe('COMPLETED');
    expect(pool.metrics()).toMatchObject({ retried: 1, failed: 1, completed: 2 });
  });

  test('whose fallback fails too has failed with that error', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    graph.add('a', tasks.fail, ['first'], { fallback: tasks.throwValue });
    await expect(graph.run(pool)).rejects.toMatchObject({ thrown: 'first' });
  });
});

describe('a run', () => {
  test('is cancelled by a token or a signal, and tries no fallback then', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const controller = new AbortController();
    const token = new CancellationToken();
    for (const [options, cancel] of [
      [{ token }, () => token.cancel('enough')],
      [{ signal: controller.signal }, () => controller.abort('enough')],
    ] as const) {
      const graph = new JobGraph();
      using gate = await occupy(pool);
      const node = graph.add('a', tasks.echo, [1], { fallback: tasks.echo });
      const running = graph.run(pool, options);
      await until(() => node.job !== undefined);
      cancel();
      const error = await running.catch((thrown: unknown) => thrown);
      expect(error).toBeInstanceOf(CancelledError);
      expect(error).toMatchObject({ reason: 'enough' });
      expect(node.job?.state).toBe('CANCELLED');
      gate.open();
    }
  });

  test('that is cancelled before it begins submits nothing', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    graph.add('a', tasks.echo, [1]);
    const token = new CancellationToken();
    token.cancel();
    await expect(graph.run(pool, { token })).rejects.toBeInstanceOf(CancelledError);
    expect(pool.metrics().submitted).toBe(0);
  });

  test('in a pool that is shut down rejects', async () => {
    const pool = new ThreadPool({ maxWorkers: 1 });
    await pool.shutdown();
    const graph = new JobGraph();
    graph.add('a', tasks.echo, [1]);
    await expect(graph.run(pool)).rejects.toBeInstanceOf(PoolClosedError);
  });

  test('refuses an option that does not exist', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    await expect(new JobGraph().run(pool, { tokn: 1 } as never)).rejects.toThrow("there is no option 'tokn'");
    for (const other of [undefined, null, 'pool', pool.group('g')])
      await expect(new JobGraph().run(other as never)).rejects.toThrow(
        'Cannot run the graph: pool must be a ThreadPool',
      );
  });
});

describe('a drawing', () => {
  test('shows nodes and edges, and after a run the states', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph({ onFailure: 'skipDependents' });
    const a = graph.add('load "all"', tasks.echo, [1]);
    const b = graph.add('two\nlines <b>', tasks.fail, ['no']);
    graph.connect(a, b);
    graph.connect(b, graph.add('c', tasks.echo, [2]));
    const plain =
      'flowchart TD\n  n0["load #34;all#34;"]\n  n1["two#10;lines #60;b#62;"]\n  n2["c"]\n  n0 --> n1\n  n1 --> n2\n';
    expect(graph.toMermaid()).toBe(plain);
    expect(graph.toDot().split('\n').slice(0, 3)).toEqual(['digraph {', '  "load \\"all\\"";', '  "two\\nlines <b>";']);
    await graph.run(pool).catch(() => {});
    expect(graph.toMermaid()).toBe(`${plain}  style n0 fill:#9fd8a4\n  style n1 fill:#f2a1a1\n`);
    expect(graph.toDot()).toContain('  "load \\"all\\"" [style=filled, fillcolor="#9fd8a4"];');
  });

  test('the critical path is the way whose code ran longest, before a run the longest', async () => {
    await using pool = new ThreadPool({ maxWorkers: 1 });
    const graph = new JobGraph();
    const spin = (ms: number): void => {
      const end = performance.now() + ms;
      while (performance.now() < end);
    };
    const start = graph.add('start', spin, [0]);
    const long = graph.add('long', spin, [60]);
    const [x, y] = [graph.add('x', spin, [0]), graph.add('y', spin, [0])];
    graph.connect(start, long);
    graph.connect(start, x);
    graph.connect(x, y);
    expect(graph.criticalPath()).toEqual({ nodes: ['start', 'x', 'y'], ms: 0 });
    await graph.run(pool);
    expect(graph.criticalPath().nodes).toEqual(['start', 'long']);
    expect(graph.criticalPath().ms).toBeGreaterThanOrEqual(59);
  });
});

test('a connection that closes a cycle is refused, and named', () => {
  const graph = new JobGraph();
  const a = graph.add('a', tasks.echo, [1]);
  const b = graph.add('b', tasks.echo, [a.output]);
  const c = graph.add('c', tasks.echo, [[{ b: b.output }]]);
  expect(() => graph.connect(c, a)).toThrow(
    new RangeError("Cannot connect 'c' to 'a': that closes the cycle c → a → b → c"),
  );
  expect(() => graph.connect(a, a)).toThrow('that closes the cycle a → a');
  graph.connect(a, c); // an edge more is none
});

test.each<[string, (graph: JobGraph) => unknown, string]>([
  [
    'a name that is taken',
    (graph) => graph.add('a', tasks.echo, [1]),
    "Cannot add node 'a': the graph has a node of that name",
  ],
  [
    'an empty name',
    (graph) => graph.add('', tasks.echo, [1]),
    "Cannot add node '': its name must be a string that is not empty, received ''",
  ],
  ['no task', (graph) => graph.add('b', 5 as never), 'task must be a function or a task of a taskModule(), received 5'],
  ['no fallback', (graph) => graph.add('b', tasks.echo, [1], { fallback: 5 as never }), 'received 5'],
  [
    'no list of arguments',
    (graph) => graph.add('b', tasks.echo, 5 as never),
    "Cannot add node 'b': args must be an array, received 5; write the list of the arguments, such as [x, y]",
  ],
  [
    'no options',
    (graph) => graph.add('b', tasks.echo, [1], null as never),
    "Cannot add node 'b': options must be an object, received null",
  ],
  [
    'an option that has no meaning in a graph',
    (graph) => graph.add('b', tasks.echo, [1], { key: 1 } as never),
    "there is no option 'key'",
  ],
  [
    'a bad option',
    (graph) => graph.add('b', tasks.echo, [1], { timeoutMs: -1 }),
    "Cannot add node 'b': timeoutMs must be 0 or more",
  ],
  [
    'an output of another graph',
    (graph) => graph.add('b', tasks.echo, [new JobGraph().add('x', tasks.echo, [1]).output]),
    "Cannot add node 'b': node 'x' belongs to another graph",
  ],
  [
    'a node of another graph',
    (graph) => graph.connect(new JobGraph().add('x', tasks.echo, [1]), graph.nodes[0] as never),
    "Cannot connect nodes: node 'x' belongs to another graph",
  ],
  [
    'what is no node',
    (graph) => graph.connect('a' as never, 'a' as never),
    "Cannot connect nodes: it must be given nodes, received 'a'",
  ],
  [
    'a bad way to fail',
    () => new JobGraph({ onFailure: 'x' as never }),
    "onFailure must be one of failFast, skipDependents, received 'x'",
  ],
  ['an unknown option', () => new JobGraph({ onFail: 1 } as never), "Cannot make a graph: there is no option 'onFail'"],
])('%s is refused', (_what, act, message) => {
  const graph = new JobGraph();
  graph.add('a', tasks.echo, [1]);
  expect(() => act(graph)).toThrow(message);
  expect(graph.nodes.length).toBe(1);
});
