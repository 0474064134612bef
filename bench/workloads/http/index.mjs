import { once } from 'node:events';
import { end, start } from '../../child.mjs';
import { longJobSettings } from '../../contenders/piscina.mjs';
import { figure, turnsOf } from '../../measure.mjs';
import { median, pairedRatio, percentile } from '../../statistics.mjs';
import { spin } from '../../tasks/functions.mjs';
import { HIGH_SHARE, kinds } from './requests.mjs';

export const name = 'http';

const CONNECTIONS = 16;
const CLOSED_MS = 1000;
const TRIAL_MS = 700;
/** Shares of the capacity at which requests arrive, and for how long. */
const CALM = { share: 0.6, ms: 2000 };
const BUSY = { share: 0.95, ms: 3000 };
/** A flight lasts longer if it would have fewer requests. */
const FEWEST = 300;

/**
 * A server, in a process of its own.
 *
 * @typedef {object} Server
 * @property {string} name
 * @property {string} setting
 * @property {number} port
 * @property {() => Promise<void>} close
 */

export async function run(how) {
  const turns = kinds.map(({ ms }) => Math.round(turnsOf(1) * ms));
  const expected = turns.map((count) => JSON.stringify({ result: spin(count) }));
  const load = start(new URL('./load.mjs', import.meta.url), { expected });
  const ask = async (message) => {
    load.send(message);
    const [answer] = await once(load, 'message');
    return answer;
  };
  const ours = await open({ library: 'thread-system', turns });
  const piscina = await openBestPiscina(turns, ask, how);
  const rows = await measure([ours, piscina], ask, how);
  for (const server of [ours, piscina]) await server.close();
  await end(load);
  return rows;
}

/** @param {readonly Server[]} servers ours first. */
async function measure(servers, ask, how) {
  const rounds = how.rounds(5);
  const closed = await inTurn(servers, rounds, ({ port }, round) =>
    ask({ port, seed: 1 + round, connections: CONNECTIONS, ms: how.size(CLOSED_MS, 500) }),
  );
  const rates = closed.map((values) => values.map(({ rate }) => rate));
  // of the one that has less, so that neither is given more than it can do
  const capacity = Math.min(...rates.map(median));
  const flights = ({ share, ms }, seed) => {
    const rate = capacity * share;
    const lasting = Math.max(how.size(ms, 1000), (FEWEST * 1000) / rate);
    return inTurn(servers, rounds, ({ port }, round) => ask({ port, seed: seed + round, rate, ms: lasting }));
  };
  const calm = await flights(CALM, 100);
  const busy = await flights(BUSY, 200);
  const row = (workload, values, asked) => ({
    workload: `HTTP server, ${workload}`,
    unit: 'ms',
    better: 'less',
    figures: servers.map((server, index) => figure(server, values[index])),
    judged: 'ratio',
    ratio: pairedRatio(...values).ratio,
    ...asked,
  });
  const of = (measured, share, which = 'all') =>
    measured.map((values) => values.map((flight) => percentile(flight[which], share)));
  const at = (share) => `Open loop, ${Math.round(capacity * share)} requests a second.`;
  return [
    row('closed loop', rates, {
      unit: 'requests/s',
      better: 'more',
      note:
        `Fastify; ${kinds.map(({ ms, share }) => `${share * 100} % of ${ms} ms`).join(', ')} of CPU, ` +
        `${HIGH_SHARE * 100} % of each of priority HIGH, by piscina in order; ${CONNECTIONS} connections. The lower of both is the capacity.`,
    }),
    row('60 % of its capacity: median', of(calm, 0.5), { limit: { atMost: 1.05 }, note: at(CALM.share) }),
    row('60 % of its capacity: p99', of(calm, 0.99), {
      limit: { atMost: 1 },
      needsFullCounts: true,
      note: at(CALM.share),
    }),
    row('95 % of its capacity: p99', of(busy, 0.99), {
      limit: { atMost: 0.6 },
      needsFullCounts: true,
      note: at(BUSY.share),
    }),
    row('95 % of its capacity: p99 of HIGH', of(busy, 0.99, 'high'), {
      limit: { atMost: 0.2 },
      needsFullCounts: true,
      note: at(BUSY.share),
    }),
  ];
}

/** A measurement of each server in each round, in an order that each round begins with the other. */
async function inTurn(servers, rounds, measureOne) {
  const values = servers.map(() => []);
  for (let round = 0; round < rounds; round++)
    for (let turn = 0; turn < servers.length; turn++) {
      const index = (turn + round) % servers.length;
      values[index].push(await measureOne(servers[index], round));
    }
  return values;
}

/** Opens piscina in each of its settings, and leaves the one open whose closed loop is fastest. @returns {Promise<Server>} */
async function openBestPiscina(turns, ask, how) {
  const settings = longJobSettings.filter(({ options }) => options.concurrentTasksPerWorker === 1);
  let best;
  let bestRate = 0;
  for (const setting of how.quick ? settings.slice(0, 1) : settings) {
    const server = await open({ library: 'piscina', setting, turns });
    const { rate } = await ask({ port: server.port, seed: 1, connections: CONNECTIONS, ms: how.size(TRIAL_MS, 200) });
    const worse = rate > bestRate ? best : server;
    if (worse !== server) [best, bestRate] = [server, rate];
    await worse?.close();
  }
  return best;
}

/** @returns {Promise<Server>} */
async function open({ library, setting, turns }) {
  const child = start(new URL('./server.mjs', import.meta.url), { library, setting, turns });
  const [{ port }] = await once(child, 'message');
  return { name: library, setting: setting?.label ?? 'two threads', port, close: () => end(child) };
}
