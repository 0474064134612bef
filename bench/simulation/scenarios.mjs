import { ClusterModel } from './cluster-model.mjs';
import { bytesPerCall, HOST, redisMsPerCall, SUBMITTER } from './costs.mjs';

/**
 * @typedef {object} Table
 * @property {string} title
 * @property {readonly string[]} columns
 * @property {readonly (readonly string[])[]} rows
 */

const BATCHES = [1, 8, 32];
const BACKLOG = 100e6;

/** A number as people read it: three digits. @param {number} value */
function round(value) {
  if (value === 0) return '0';
  const digits = Math.max(0, 2 - Math.floor(Math.log10(Math.abs(value))));
  return Number(value.toPrecision(3)).toLocaleString('en', { maximumFractionDigits: Math.min(digits, 3) });
}
const percent = (share) => `${Math.round(100 * share)} %`;
const ms = (value) => (value < 1_000 ? `${round(value)} ms` : `${round(value / 1_000)} s`);
const hours = (s) =>
  s < 3_600 ? `${round(s / 60)} min` : s < 2 * 86_400 ? `${round(s / 3_600)} h` : `${round(s / 86_400)} d`;

/** At which load one Redis is full. @param {number} seed @returns {Table} */
export function oneRedis(seed) {
  const rows = BATCHES.flatMap((batch) => {
    const full = 1_000 / redisMsPerCall(batch);
    return [0.3, 0.6, 0.8, 0.9].map((load) => {
      const calls = batch === 1 ? 10_000 : 40_000;
      // hosts that are never what limits
      const hosts = Math.ceil((2 * load * full * (HOST.jobMs / batch + HOST.callMs)) / 1_000) + 4;
      const model = new ClusterModel({ seed, hosts, batch, jobMs: 1, ratePerS: load * full, calls }).run();
      const [half, worst] = [0.5, 0.99].map((share) => model.delays.percentile(share));
      return [`${batch}`, round(load * full), percent(load), percent(model.redisShare), ms(half), ms(worst)];
    });
  });
  const columns = ['calls in a batch', 'calls/s', 'of the most', 'Redis at work', 'wait, median', 'wait, 99 %'];
  return { title: 'One Redis', columns, rows };
}

/** How queues may be divided, and what that costs of the order. @param {number} seed @returns {Table} */
export function sharding(seed) {
  const full = 1_000 / redisMsPerCall(1);
  const shards = 4;
  const ratePerS = 0.8 * shards * full;
  // 12 tasks, the second half as often as the first, the third a third as often, and so on (Zipf)
  const weights = Array.from({ length: 12 }, (_, task) => 1 / (task + 1));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const byTask = (_index, random) => {
    let left = random.next() * total;
    const task = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    return Math.max(0, task) % shards;
  };
  const ways = {
    'one, a quarter of the load': { shards: 1, hosts: 12, ratePerS: ratePerS / shards, calls: 10_000 },
    'by hash of a key, on 4 Redis': { shardOf: (_index, random) => random.index(shards) },
    'in turn, on 4 Redis': { shardOf: (index) => index % shards },
    'a queue for each of 12 tasks, on 4 Redis': { shardOf: byTask },
  };
  const rows = Object.entries(ways).map(([name, more]) => {
    const model = new ClusterModel({ seed, shards, hosts: 48, jobMs: 1, ratePerS, calls: 40_000, ...more }).run();
    const shares = model.shards.map(({ redis }) => redis.busyMs / model.simulation.now);
    const overtaken = model.overtakings;
    return [
      name,
      `${percent(Math.min(...shares))} to ${percent(Math.max(...shares))}`,
      ms(model.delays.percentile(0.99)),
      round(overtaken.percentile(0.5)),
      round(overtaken.percentile(0.99)),
    ];
  });
  const columns = ['queues', 'each Redis at work', 'wait, 99 %', 'overtaken by, median', 'overtaken by, 99 %'];
  return { title: 'Several queues', columns, rows };
}

/** What lock times do at 1,000 hosts. @param {number} seed @returns {Table} */
export function locks(seed) {
  const rows = [1_000, 10_000, 30_000].map((lockMs) => {
    const common = {
      seed,
      hosts: 1_000,
      window: 8,
      jobMs: 10_000,
      lockMs,
      stalledMs: lockMs / 2,
      ratePerS: 100,
      calls: 20_000,
    };
    const calm = new ClusterModel(common);
    const [from, to] = [15_000, 30_000].map((untilMs) => calm.run({ untilMs }).done);
    const crashing = new ClusterModel({ ...common, crashEveryMs: 500 }).run({ untilMs: 70_000 });
    const stalled = new ClusterModel({ ...common, stall: { atMs: 20_000, forMs: 8_000 } }).run({ untilMs: 50_000 });
    return [
      ms(lockMs),
      percent((to.redisMs - from.redisMs) / (to.atMs - from.atMs)),
      ms(crashing.recoveries.mean),
      ms(crashing.recoveries.percentile(0.99)),
      round(stalled.twice),
    ];
  });
  const columns = [
    ...['`lockMs`', 'Redis at work', 'a dead host’s jobs begin after', '99 %', 'begun twice after a stall of 8 s'],
  ];
  return { title: 'Locks of 1,000 hosts', columns, rows };
}

/** How long 100 M jobs take. @param {number} seed @returns {Table} */
export function backlog(seed) {
  const settings = [
    { hosts: 10, jobMs: 1, batch: 1 },
    { hosts: 10, jobMs: 1, batch: 32 },
    { hosts: 100, jobMs: 20, batch: 1 },
    { hosts: 100, jobMs: 20, batch: 32 },
    { hosts: 1_000, jobMs: 200, batch: 1 },
    { hosts: 1_000, jobMs: 200, batch: 8 },
    { hosts: 1_000, jobMs: 20, batch: 32, shards: 10 },
  ];
  const rows = settings.map(({ hosts, jobMs, batch, shards = 1 }) => {
    const window = Math.ceil(16 / batch) + 1;
    const calls = Math.max(20_000, 3 * hosts * window * batch);
    const model = new ClusterModel({ seed, hosts, jobMs, batch, shards, calls, window });
    // without the beginning, and without the end, when some hosts have nothing left
    const [from, to] = [0.3, 0.8].map((share) => model.run({ share }).done);
    const lastedMs = to.atMs - from.atMs;
    const callsPerS = (1_000 * (to.settled - from.settled)) / lastedMs;
    const atWork = (to.workMs - from.workMs) / (hosts * 8 * lastedMs);
    return [
      ...[`${round(hosts)}`, ms(jobMs), `${batch}`, `${shards}`, round(callsPerS), percent(atWork)],
      ...[hours(BACKLOG / callsPerS), `${round((BACKLOG * bytesPerCall(batch)) / 2 ** 30 / shards)} GB`],
    ];
  });
  const columns = [
    'hosts of 8 workers',
    'a call',
    'in a batch',
    'Redis',
    'calls/s',
    'workers at work',
    '100 M calls',
    'memory, each Redis',
  ];
  return { title: 'A backlog of 100 M jobs', columns, rows };
}

/** What an operator needs for a load. By arithmetic, from the same costs. @returns {Table} */
export function sizing() {
  const loads = [
    { perS: 100, jobMs: 1_000 },
    { perS: 1_000, jobMs: 100 },
    { perS: 2_500, jobMs: 20 },
    { perS: 10_000, jobMs: 5 },
    { perS: 30_000, jobMs: 2 },
    { perS: 100_000, jobMs: 20 },
  ];
  const rows = loads.map(({ perS, jobMs }) => {
    const batch = BATCHES.find((size) => perS * redisMsPerCall(size) <= 600) ?? 32;
    const redis = Math.ceil((perS * redisMsPerCall(batch)) / 600);
    const hosts = Math.ceil(perS * Math.max(jobMs / (8 * 700), (HOST.jobMs / batch + HOST.callMs) / 700));
    const submitters = Math.ceil((perS * (SUBMITTER.jobMs / batch + SUBMITTER.callMs)) / 700);
    const kept = (perS * 3_600 * bytesPerCall(batch)) / 2 ** 30 / redis;
    return [round(perS), ms(jobMs), `${batch}`, `${redis}`, `${hosts}`, `${submitters}`, `${round(kept)} GB`];
  });
  const columns = [
    'calls/s',
    'a call',
    'in a batch',
    'Redis',
    'hosts of 8 workers',
    'submitters',
    'kept for an hour, each Redis',
  ];
  return { title: 'Sizes', columns, rows };
}

/** All tables, in the order of the page. @param {number} seed */
export const tables = (seed) => [oneRedis(seed), sharding(seed), locks(seed), backlog(seed), sizing()];
