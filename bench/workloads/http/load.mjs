// Sends requests to a server, from a process of its own: `node load.mjs '{"expected": […]}'` and messages, each of which it
// answers with one.
import http from 'node:http';
import { Worker } from 'node:worker_threads';
import { Random } from '../../simulation/random.mjs';
import { arrivalsOf, drawRequest } from './requests.mjs';

const { expected } = JSON.parse(process.argv[2]);
const ticker = new Worker(new URL('./ticker.mjs', import.meta.url));
const agents = new Map();
const now = () => performance.timeOrigin + performance.now();
/** Time for the threads to be ready before the first request of a flight is due. */
const LEAD_MS = 10;

process.on('message', async (ask) => process.send(await ('rate' in ask ? fly(ask) : circle(ask))));
process.once('disconnect', () => process.exit());

/**
 * An open loop: requests are sent when they are due, however many are still unanswered, and their latency counts from then.
 *
 * @param {{ port: number, seed: number, rate: number, ms: number }} flight
 */
async function fly(flight) {
  const { times, requests } = arrivalsOf(flight);
  const start = now() + LEAD_MS;
  const latencies = new Float64Array(times.length);
  const answers = [];
  await new Promise((resolve) => {
    ticker.on('message', (due) => {
      while (answers.length < due) {
        const index = answers.length;
        answers.push(
          send(flight.port, requests[index]).then(() => {
            latencies[index] = now() - start - times[index];
          }),
        );
      }
      if (due === times.length) resolve();
    });
    ticker.postMessage({ start, times });
  });
  ticker.removeAllListeners('message');
  await Promise.all(answers);
  return { all: [...latencies], high: [...latencies.filter((_, index) => requests[index].isHigh)] };
}

/**
 * A closed loop: each connection sends a request when the one before is answered.
 *
 * @param {{ port: number, seed: number, connections: number, ms: number }} ask
 */
async function circle({ port, seed, connections, ms }) {
  const random = new Random(seed);
  const start = now();
  let answered = 0;
  const client = async () => {
    while (now() - start < ms) {
      await send(port, drawRequest(random));
      answered++;
    }
  };
  await Promise.all(Array.from({ length: connections }, client));
  return { rate: (answered * 1000) / (now() - start) };
}

/** Resolves once the answer has come, and is right. */
function send(port, { kind, isHigh }) {
  return new Promise((resolve, reject) => {
    const request = http.get(
      { host: '127.0.0.1', port, path: `/${kind}/${isHigh ? 'high' : 'normal'}`, agent: agentOf(port) },
      (response) => {
        let text = '';
        response.setEncoding('utf8');
        response.on('data', (part) => {
          text += part;
        });
        response.once('error', reject);
        response.once('end', () => {
          if (text === expected[kind]) resolve();
          else reject(new Error(`A request of kind ${kind} was answered ${response.statusCode} ${text}`));
        });
      },
    );
    request.once('error', reject);
  });
}

function agentOf(port) {
  let agent = agents.get(port);
  if (agent === undefined) {
    agent = new http.Agent({ keepAlive: true, maxFreeSockets: Number.POSITIVE_INFINITY });
    agents.set(port, agent);
  }
  return agent;
}
