import { readFileSync } from 'node:fs';
import { describe, expect, test } from '@jest/globals';

interface Tally {
  readonly mean: number;
}

interface Simulation {
  readonly now: number;
  after(ms: number, act: () => void): void;
  run(untilMs: number): void;
}

interface Station {
  readonly busyMs: number;
  readonly waits: Tally;
  request(ms: number, done: () => void): void;
}

interface Random {
  exponential(mean: number): number;
}

interface Model {
  readonly settled: number;
  readonly twice: number;
  readonly crashes: number;
  readonly done: { readonly atMs: number; readonly settled: number; readonly redisMs: number };
  readonly delays: Tally;
  readonly recoveries: Tally & { readonly max: number; readonly count: number };
  run(end?: { readonly share?: number; readonly untilMs?: number }): Model;
}

// JavaScript that has no types: it is no part of the package
const folder = '../../bench/simulation';
const { Simulation } = (await import(`${folder}/simulation.mjs`)) as { Simulation: new () => Simulation };
const { Station } = (await import(`${folder}/station.mjs`)) as {
  Station: new (simulation: Simulation, servers: number) => Station;
};
const { Random } = (await import(`${folder}/random.mjs`)) as { Random: new (seed: number) => Random };
const { ClusterModel } = (await import(`${folder}/cluster-model.mjs`)) as {
  ClusterModel: new (options: object) => Model;
};
const { REDIS, redisMsPerCall } = (await import(`${folder}/costs.mjs`)) as {
  REDIS: Readonly<Record<string, number>>;
  redisMsPerCall: (batch: number) => number;
};

const { sharding, sizing } = (await import(`${folder}/scenarios.mjs`)) as {
  sharding: (seed: number) => { readonly rows: readonly (readonly string[])[] };
  sizing: () => { readonly rows: readonly (readonly string[])[] };
};

/** A queue with Poisson arrivals, of which the theory knows all: how long requests wait, and which share servers are at work. */
function queue(servers: number, perMs: number, serviceMs: (random: Random) => number) {
  const simulation = new Simulation();
  const random = new Random(7);
  const station = new Station(simulation, servers);
  const arrive = (): void => {
    station.request(serviceMs(random), () => {});
    simulation.after(random.exponential(1 / perMs), arrive);
  };
  arrive();
  const lastsMs = 60_000 / perMs;
  simulation.run(lastsMs);
  return { waitMs: station.waits.mean, atWork: station.busyMs / (servers * lastsMs) };
}

/** How far a value is from what is expected, as a share of that. */
const off = (value: number, expected: number): number => Math.abs(value - expected) / expected;

describe('a station of the simulation', () => {
  test.each([0.3, 0.7, 0.85])(
    'with one server and exponential times has the waits of M/M/1 at a load of %p',
    (load) => {
      const { waitMs, atWork } = queue(1, load, (random) => random.exponential(1));
      expect(off(waitMs, load / (1 - load))).toBeLessThan(0.08);
      expect(off(atWork, load)).toBeLessThan(0.02);
    },
  );

  test.each([0.3, 0.7, 0.85])('with one server and equal times has the waits of M/D/1 at a load of %p', (load) => {
    const { waitMs, atWork } = queue(1, load, () => 1);
    expect(off(waitMs, load / (2 * (1 - load)))).toBeLessThan(0.08);
    expect(off(atWork, load)).toBeLessThan(0.02);
  });

  test('with eight servers has the utilisation of M/D/c, and shorter waits than one of the same load', () => {
    const { waitMs, atWork } = queue(8, 6.4, () => 1);
    expect(off(atWork, 0.8)).toBeLessThan(0.02);
    expect(waitMs).toBeLessThan(queue(1, 0.8, () => 1).waitMs / 4);
  });
});

describe('a simulated cluster', () => {
  test.each([1, 8, 32])('keeps Redis as busy as its costs say, in batches of %p', (batch) => {
    const load = 0.5;
    const ratePerS = (1_000 * load) / redisMsPerCall(batch);
    const model = new ClusterModel({ seed: 3, hosts: 40, window: 8, batch, jobMs: 1, ratePerS, calls: 4_000 * batch });
    // without the beginning, when all hosts look for jobs
    const [from, to] = [0.1, 1].map((share) => model.run({ share }).done) as [Model['done'], Model['done']];
    expect(off((to.redisMs - from.redisMs) / (to.atMs - from.atMs), load)).toBeLessThan(0.05);
    expect(model.settled).toBe(4_000 * batch);
  });

  test('that has a backlog is as fast as its Redis', () => {
    const model = new ClusterModel({ seed: 3, hosts: 20, jobMs: 1, calls: 20_000 });
    const [from, to] = [0.2, 0.8].map((share) => model.run({ share }).done) as [Model['done'], Model['done']];
    const perMs = (to.settled - from.settled) / (to.atMs - from.atMs);
    const { finishMs = 0, finishCallMs = 0, noticeMs = 0, noticeCallMs = 0 } = REDIS;
    expect(off(perMs, 1 / (finishMs + finishCallMs + noticeMs + noticeCallMs))).toBeLessThan(0.03);
  });

  test('that has a backlog and slow jobs is as fast as its workers', () => {
    const model = new ClusterModel({ seed: 3, hosts: 4, jobMs: 50, calls: 8_000 });
    const [from, to] = [0.2, 0.8].map((share) => model.run({ share }).done) as [Model['done'], Model['done']];
    expect(off((to.settled - from.settled) / (to.atMs - from.atMs), (4 * 8) / 50)).toBeLessThan(0.03);
  });

  test('settles every job although hosts die, and begins theirs elsewhere within the time of the locks', () => {
    const common = { seed: 5, hosts: 20, jobMs: 100, ratePerS: 200, calls: 10_000, lockMs: 2_000, stalledMs: 1_000 };
    const model = new ClusterModel({ ...common, crashEveryMs: 2_000, backMs: 5_000 }).run();
    expect(model.settled).toBe(10_000);
    expect(model.crashes).toBeGreaterThan(10);
    expect(model.recoveries.count).toBeGreaterThan(10);
    expect(model.recoveries.max).toBeLessThan(2_000 + 2 * 1_000 + 500);
  });

  test('begins jobs twice if Redis stalls for longer than their locks last, and not if for less', () => {
    const common = { seed: 5, hosts: 20, jobMs: 2_000, ratePerS: 50, calls: 2_000, lockMs: 4_000, stalledMs: 1_000 };
    const runTwice = (forMs: number): number =>
      new ClusterModel({ ...common, stall: { atMs: 10_000, forMs } }).run().twice;
    expect([runTwice(1_500), runTwice(8_000) > 50]).toEqual([0, true]);
  });

  test('gives the same figures for the same seed, and others for another', () => {
    const figures = (seed: number): unknown => {
      const model = new ClusterModel({
        seed,
        hosts: 5,
        jobMs: 3,
        ratePerS: 1_000,
        calls: 3_000,
        crashEveryMs: 700,
      }).run();
      return [model.done, model.delays.mean, model.recoveries.mean, model.twice, model.crashes];
    };
    expect(figures(1)).toEqual(figures(1));
    expect(figures(1)).not.toEqual(figures(2));
  });
});

test('docs/scaling.md has the tables of the simulation: those that are quickly made', () => {
  const page = readFileSync(new URL('../../docs/scaling.md', import.meta.url), 'utf8');
  const rows = [...sharding(1).rows, ...sizing().rows].map((cells) => `| ${cells.join(' | ')} |`);
  expect(rows.filter((row) => !page.includes(`\n${row}\n`))).toEqual([]);
}, 300_000);
