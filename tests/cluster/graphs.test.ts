import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { Queue, Worker } from 'bullmq';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { type GraphNode, JobGraph, type Submitter, ThreadPool } from 'thread-system';
import {
  ClusterHost,
  ClusterJob,
  ClusterPool,
  type ClusterPoolOptions,
  type FoundClusterJob,
} from 'thread-system/cluster';
import { RedisServer } from '../support/redis-server.ts';
import { HostProcess, NoteFile, newQueue, tasks, until } from './cluster-fixture.ts';

let server: RedisServer;
beforeAll(async () => {
  server = await RedisServer.start();
});
afterAll(() => server[Symbol.asyncDispose]());

const makePool = (queue: string, options: Partial<ClusterPoolOptions> = {}): ClusterPool =>
  new ClusterPool({ connection: server.connection, queue, ...options });

const makeHost = (queue: string, maxWorkers = 2): ClusterHost =>
  new ClusterHost({ connection: server.connection, queue, tasks, maxWorkers });

/** The job that a node has on a cluster. */
const jobOf = ({ job }: GraphNode<never> | GraphNode): ClusterJob => job as unknown as ClusterJob;

/** How many jobs of the queue wait in Redis for others. */
async function waitingInRedis(pool: ClusterPool): Promise<number> {
  const { counts } = await pool.metrics();
  return counts.waitingChildren;
}

/** Resolves once Redis has all nodes. */
const added = (graph: JobGraph) => Promise.all(graph.nodes.map((node) => jobOf(node).added));

/** Two nodes whose results a third one needs. */
function makeSum(first: number, second: number) {
  const graph = new JobGraph();
  const a = graph.add('a', tasks.twice, [first]);
  const b = graph.add('b', tasks.twice, [second]);
  const c = graph.add('c', tasks.plus, [a.output, b.output]);
  return { graph, a, b, c };
}

describe('a graph', () => {
  test('runs on a cluster as on a pool of this process', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    await using _host = makeHost(queue);
    const { graph, c } = makeSum(3, 4);
    for (let run = 0; run < 2; run++) {
      expect(Object.fromEntries(await graph.run(pool))).toEqual({ a: 6, b: 8, c: 14 });
      expect(c.job).toBeInstanceOf(ClusterJob);
      expect(c.job?.result).toBe(14);
      expect(graph.criticalPath().nodes).toContain('c');
    }
  });

  test('that fails cancels what runs', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    await using _host = makeHost(queue);
    const graph = new JobGraph();
    const loop = graph.add('loop', tasks.spin);
    graph.add('boom', tasks.boom, ['no']);
    await expect(graph.run(pool)).rejects.toThrow('no');
    expect(loop.job?.state).toBe('CANCELLED');
  });

  test('of another shape than a tree is run by its submitter, node by node', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    await using bounded = makePool(queue, { maxQueue: 100 });
    await using adding = makePool(queue, { onLost: 'resubmit' });
    await pool.pause();
    const make = (shape: string): JobGraph => {
      const graph = new JobGraph();
      const options = shape === 'front' ? { front: true } : shape === 'fallback' ? { fallback: tasks.twice } : {};
      const a = graph.add('a', tasks.twice, [1], options);
      const b = graph.add('b', tasks.twice, [a.output], shape === 'delay' ? { delayMs: 1 } : {});
      if (shape === 'diamond') graph.add('c', tasks.plus, [a.output, b.output]);
      if (shape === 'two trees') graph.add('c', tasks.noop);
      return graph;
    };
    const runs: Promise<Map<string, unknown>>[] = [];
    for (const shape of ['diamond', 'two trees', 'front', 'fallback', 'delay']) runs.push(make(shape).run(pool));
    for (const each of [bounded, adding]) runs.push(make('a tree').run(each));
    expect(await waitingInRedis(pool)).toBe(0);
    const tree = make('a tree');
    runs.push(tree.run(pool));
    await added(tree);
    expect(await waitingInRedis(pool)).toBe(1);
    await pool.resume();
    await using _host = makeHost(queue);
    for (const results of await Promise.all(runs)) expect(results.get('b')).toBe(4);
  });
});

describe('a graph that is a tree', () => {
  test('passes on results of any kind, at any depth of the arguments', async () => {
    const queue = newQueue();
    await using pool = makePool(queue, { maxInline: 1_000 });
    await using _host = makeHost(queue);
    const graph = new JobGraph();
    const values = [new Map([[1, new Date(0)]]), undefined, new Float64Array([1, 2]), 'x'.repeat(2_000), -0];
    const outputs = values.map((value, index) => graph.add(`value ${index}`, tasks.echo, [value]).output);
    graph.add('list', tasks.echo, [{ outputs, at: new Date(1), 'a.b': [[outputs[0]]] }]);
    const results = await graph.run(pool);
    expect(results.get('list')).toEqual({ outputs: values, at: new Date(1), 'a.b': [[values[0]]] });
    const { outputs: found, 'a.b': again } = results.get('list') as { outputs: unknown[]; 'a.b': unknown[][] };
    expect(again[0]?.[0]).toBe(found[0]);
  });

  test('goes on without its submitter: its nodes are found by their ids', async () => {
    using notes = new NoteFile();
    const queue = newQueue();
    const file = fileURLToPath(new URL('./fixtures/graph-submitter.mjs', import.meta.url));
    const child = fork(file, [JSON.stringify({ connection: server.connection, queue, path: notes.path })]);
    const [id] = (await once(child, 'message')) as [string];
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using pool = makePool(queue);
    const last = await pool.job(id);
    expect(last?.state).toBe('PENDING');
    await using _host = makeHost(queue);
    expect(await last?.finally()).toEqual({ sum: [7], unit: 'm' });
    expect(notes.lines).toEqual(['3']);
  });

  test('whose submitter has left settles the nodes that need one that fails as CANCELLED', async () => {
    using notes = new NoteFile();
    const queue = newQueue();
    const pool = makePool(queue);
    const graph = new JobGraph();
    const boom = graph.add('boom', tasks.boom, ['no']);
    const between = graph.add('between', tasks.note, [boom.output, notes.path]);
    const last = graph.add('last', tasks.note, [between.output, notes.path]);
    const run = graph.run(pool);
    await added(graph);
    const ids = [boom, between, last].map((node) => jobOf(node).id);
    await Promise.all([expect(run).rejects.toMatchObject({ code: 'ERR_DETACHED' }), pool.shutdown({ mode: 'detach' })]);
    await using other = makePool(queue);
    const found: (FoundClusterJob | undefined)[] = [];
    for (const id of ids) found.push(await other.job(id));
    await using _host = makeHost(queue);
    await Promise.allSettled(found.map((job) => job?.finally()));
    expect(found.map((job) => job?.state)).toEqual(['FAILED', 'CANCELLED', 'CANCELLED']);
    expect(notes.lines).toEqual([]);
  });

  test.each(['failFast', 'skipDependents'] as const)(
    "with '%s' runs none that needs one that has failed",
    async (mode) => {
      using notes = new NoteFile();
      const queue = newQueue();
      await using pool = makePool(queue);
      const graph = new JobGraph({ onFailure: mode });
      const boom = graph.add('boom', tasks.boom, ['no'], { priority: 1 });
      const loop = graph.add('loop', mode === 'failFast' ? tasks.spin : tasks.noop);
      const between = graph.add('between', tasks.note, [boom.output, notes.path]);
      const last = graph.add('last', tasks.note, [[between.output, loop.output], notes.path]);
      const run = graph.run(pool);
      await added(graph);
      const running = [boom, loop].map((node) => jobOf(node));
      await using _host = makeHost(queue);
      await expect(run).rejects.toThrow('no');
      const other = mode === 'failFast' ? 'CANCELLED' : 'COMPLETED';
      expect(running.map(({ state }) => state)).toEqual(['FAILED', other]);
      expect([between, last].map(({ job }) => job?.state)).toEqual(['CANCELLED', 'CANCELLED']);
      expect(jobOf(between).error).toMatchObject({ code: 'ERR_JOB_CANCELLED' });
      expect(notes.lines).toEqual([]);
    },
  );

  test('whose node is cancelled as it waits: cancel is true, and none that needs it begins', async () => {
    using notes = new NoteFile();
    for (const which of ['first', 'last'] as const) {
      const queue = newQueue();
      await using pool = makePool(queue);
      const graph = new JobGraph({ onFailure: 'skipDependents' });
      const first = graph.add('first', tasks.note, ['first', notes.path]);
      const last = graph.add('last', tasks.note, [first.output, notes.path]);
      const run = graph.run(pool);
      await added(graph);
      expect(await jobOf(which === 'first' ? first : last).cancel('not needed')).toBe(true);
      await using other = makePool(queue);
      const found = await other.job(jobOf(last).id);
      await using _host = makeHost(queue);
      await expect(run).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED', reason: 'not needed' });
      expect([first, last].map(({ job }) => job?.state)).toEqual([
        which === 'first' ? 'CANCELLED' : 'COMPLETED',
        'CANCELLED',
      ]);
      await expect(found).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' }); // as its record says
    }
    expect(notes.lines).toEqual(['first']);
  });

  test('is cancelled as a whole by a token, whatever its nodes are doing', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    await using _host = makeHost(queue);
    const graph = new JobGraph();
    const loop = graph.add('loop', tasks.spin);
    const list = graph.add('list', tasks.echo, [[loop.output, graph.add('done', tasks.noop).output]]);
    const stop = new AbortController();
    const run = graph.run(pool, { signal: stop.signal });
    await until(() => loop.job?.state === 'RUNNING' && graph.nodes[1]?.job?.state === 'COMPLETED');
    stop.abort(new Error('enough'));
    await expect(run).rejects.toMatchObject({ code: 'ERR_JOB_CANCELLED' });
    expect([loop, list].map(({ job }) => job?.state)).toEqual(['CANCELLED', 'CANCELLED']);
  });

  test('retries its nodes, and keeps their priorities, changed ones too', async () => {
    using notes = new NoteFile();
    const queue = newQueue();
    await using pool = makePool(queue);
    const makeGraph = (name: string, priority: number) => {
      const graph = new JobGraph();
      const first = graph.add('first', tasks.failUntil, [2], { priority: 10, retry: { maxAttempts: 2 } });
      const last = graph.add('last', tasks.note, [name, notes.path], { priority });
      graph.connect(first, last);
      return { graph, last };
    };
    const graphs = [makeGraph('low', -3), makeGraph('high', 3), makeGraph('raised', -5)];
    const runs = graphs.map(({ graph }) => graph.run(pool));
    await Promise.all(graphs.map(({ graph }) => added(graph)));
    expect(await jobOf(graphs[2]?.last as GraphNode).setPriority(5)).toBe(true);
    await using _host = new ClusterHost({ connection: server.connection, queue, tasks, maxWorkers: 1, window: 1 });
    for (const results of await Promise.all(runs)) expect(results.get('first')).toBe(2);
    expect(notes.lines).toEqual(['raised', 'high', 'low']);
  });

  test('loses no node to hosts that are killed, and to connections that are cut while it is added', async () => {
    const queue = newQueue();
    await using pool = makePool(queue, { sweepMs: 500, connectTimeoutMs: Number.POSITIVE_INFINITY });
    const soon = { queue, lockMs: 2_000, stalledMs: 500, maxCrashes: 100 } as const;
    const settled = new Map<string, number>();
    pool.on('jobCompleted', ({ id }) => void settled.set(id, (settled.get(id) ?? 0) + 1));
    const hosts = await Promise.all([1, 2].map(() => HostProcess.start(server, soon)));
    const admin = new Redis(server.connection);
    const cut = () => admin.call('CLIENT', 'KILL', 'TYPE', 'normal', 'SKIPME', 'yes');
    const runs: Promise<Map<string, unknown>>[] = [];
    for (let i = 0; i < 40; i++) {
      const graph = new JobGraph();
      const parts = Array.from({ length: 4 }, (_, j) => graph.add(`part ${j}`, tasks.work, [10 * j]).output);
      graph.add('all', tasks.echo, [parts]);
      runs.push(graph.run(pool));
      if (i % 4 === 0) await Promise.all([cut(), new Promise((resolve) => setImmediate(resolve))]);
    }
    for (let kill = 0; kill < 2; kill++) {
      await until(() => settled.size >= 60 * (kill + 1));
      await hosts[kill]?.kill();
      hosts[kill] = await HostProcess.start(server, soon);
    }
    for (const results of await Promise.all(runs)) expect(results.get('all')).toEqual([0, 10, 20, 30]);
    expect([...settled.values()].every((times) => times === 1)).toBe(true);
    expect(settled.size).toBe(200);
    admin.disconnect();
    for (const host of hosts) await host.kill();
  });

  test('settles its nodes as a pool of this process does, whichever fail', async () => {
    const queue = newQueue();
    await using pool = makePool(queue);
    await using _host = makeHost(queue);
    await using local = new ThreadPool({ maxWorkers: 2 });
    const tree = fc.array(fc.record({ parent: fc.nat(), fails: fc.boolean() }), { minLength: 2, maxLength: 7 });
    await fc.assert(
      fc.asyncProperty(tree, async (nodes) => {
        const outcome = async (on: Submitter) => {
          const graph = new JobGraph({ onFailure: 'skipDependents' });
          const made: GraphNode[] = [];
          // the last one needs all others, over those between
          for (const [index, { fails }] of nodes.entries())
            made.push(
              graph.add(`${index}`, fails && index > 0 ? tasks.boom : tasks.echo, [index as never]) as GraphNode,
            );
          for (const [index, { parent }] of nodes.entries())
            if (index > 0) graph.connect(made[index] as GraphNode, made[parent % index] as GraphNode);
          await graph.run(on as ThreadPool).catch(() => {});
          return made.map(({ job }) => (job?.state === 'CANCELLED' ? undefined : job?.state));
        };
        expect(await outcome(pool)).toEqual(await outcome(local));
      }),
      { numRuns: 12 },
    );
  });

  test('is a flow for plain BullMQ: its consumers get the results of the nodes before as those of children', async () => {
    const queue = newQueue();
    const { connection } = server;
    await using pool = makePool(queue, { sweepMs: 200 });
    const { graph } = makeSum(3, 4);
    const run = graph.run(pool);
    await added(graph);
    const plain = new Queue(queue, { connection });
    expect(await plain.getJobCounts('prioritized', 'waiting-children')).toEqual({
      prioritized: 2,
      'waiting-children': 1,
    });
    const worker = new Worker(
      queue,
      async (job) => {
        const children = Object.values(await job.getChildrenValues<number>());
        return job.name === 'plus' ? children.reduce((sum, value) => sum + value, 0) : job.data.a.j[0] * 2;
      },
      { connection },
    );
    expect(Object.fromEntries(await run)).toEqual({ a: 6, b: 8, c: 14 });
    await worker.close();
    await plain.close();
  });
});
