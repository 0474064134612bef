// An HTTP service that computes: status codes 429, 499, 503 and 504, urgent requests first, health, metrics, spans, a dashboard,
// a trace of the last minute, and a graceful shutdown.
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  CancelledError,
  type Job,
  type JobOptions,
  JobPriority,
  JobTimeoutError,
  PoolClosedError,
  QueueFullError,
  ThreadPool,
  taskModule,
} from 'thread-system';
import { dashboard } from 'thread-system/dashboard';
import { prometheusText } from 'thread-system/metrics';
import { instrument } from 'thread-system/otel';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
/** If this many jobs wait, further ones would be late: it is better to refuse them at once. */
const pool = new ThreadPool({ name: 'http', maxWorkers: 1, maxQueue: 1 });
const MOST_OF_A_CLIENT = 2;
/** Longest time that a client waits; a request can shorten it by `?ms=`. */
const MOST_MS = 30_000;

/** How far back `/trace` goes. */
const TRACE_MS = 60_000;

instrument(); // spans of jobs, below those of the requests, if the program has an OpenTelemetry SDK
const page = dashboard({ http: pool }, { token: process.env['DASHBOARD_TOKEN'] });

/** How many requests of each client are open. */
const open = new Map<string, number>();

class TooManyRequests extends Error {}

const server = createServer(async (request, response) => {
  const url = new URL(request.url ?? '/', 'http://service');
  const status = await respond(request, response, url).catch(() => 500);
  console.log(request.method, url.pathname, status);
});

async function respond(request: IncomingMessage, response: ServerResponse, url: URL): Promise<number> {
  if (url.pathname === '/health') return send(response, pool.state === 'open' ? 200 : 503, pool.state);
  if (url.pathname === '/metrics') return send(response, 200, prometheusText({ http: pool }));
  if (/^\/jobs(\/|$)/.test(url.pathname)) {
    page(request, response);
    await once(response, 'close'); // for the page, whose stream stays open
    return response.statusCode;
  }
  // for ui.perfetto.dev: what waited for what when it was slow
  if (url.pathname === '/trace') return send(response, 200, JSON.stringify(await pool.trace({ lastMs: TRACE_MS })));
  const submit = routeOf(url);
  if (submit === undefined) return send(response, 404, 'not found');

  const gone = new AbortController();
  response.once('close', () => gone.abort(new Error('the client has gone')));
  const client = String(request.headers['x-client'] ?? request.socket.remoteAddress);
  try {
    if ((open.get(client) ?? 0) >= MOST_OF_A_CLIENT) throw new TooManyRequests('one request at a time, please');
    open.set(client, (open.get(client) ?? 0) + 1);
    const job = submit({
      signal: gone.signal, // a request that nobody waits for frees its worker
      deadline: Date.now() + Math.min(Number(url.searchParams.get('ms') ?? MOST_MS), MOST_MS), // for waiting and running together
      priority: request.headers['x-urgent'] === undefined ? JobPriority.NORMAL : JobPriority.HIGH,
    });
    return send(response, 200, JSON.stringify(await job));
  } catch (error) {
    return send(response, statusOf(error), error instanceof Error ? error.message : String(error));
  } finally {
    open.set(client, (open.get(client) ?? 1) - 1);
    if (open.get(client) === 0) open.delete(client);
  }
}

function routeOf(url: URL): ((options: JobOptions) => Job<unknown>) | undefined {
  const [, name, value = ''] = url.pathname.split('/');
  if (name === 'primes') return (options) => pool.submit(tasks.primesBelow, [Number(value)], options);
  if (name === 'forever') return (options) => pool.submit(tasks.countForever, [], options);
  return undefined;
}

/** The status code for a job's error. */
function statusOf(error: unknown): number {
  if (error instanceof TooManyRequests) return 429;
  if (error instanceof CancelledError) return 499; // nginx's convention, for the log only
  if (error instanceof QueueFullError || error instanceof PoolClosedError) return 503;
  if (error instanceof JobTimeoutError) return 504;
  return error instanceof RangeError ? 400 : 500; // the task's own errors
}

function send(response: ServerResponse, status: number, text: string): number {
  if (response.destroyed) return status;
  if (status === 429 || status === 503) response.setHeader('retry-after', '1');
  response.writeHead(status).end(`${text}\n`);
  return status;
}

// On SIGTERM: refuse connections, answer accepted requests, end what takes too long. An orchestrator kills the process some time
// after that: Docker after 10 s, Kubernetes after 30 s.
ThreadPool.handleSignals({
  before: () => {
    page.close(); // ends the streams of the dashboard's viewers
    return once(server.close(), 'close');
  },
  timeoutMs: 8_000,
});

/** Sends requests, and prints the answers. */
async function show(base: string): Promise<void> {
  const get = (path: string, client: string, signal?: AbortSignal): Promise<number | string> =>
    fetch(`${base}${path}`, { headers: { 'x-client': client }, ...(signal && { signal }) }).then(
      ({ status }) => status,
      () => 'aborted',
    );
  await get('/primes/1000', 'ada');
  await get('/forever?ms=200', 'ada'); // past its deadline
  const impatient = new AbortController();
  const waiting = ['bob', 'bob'].map((client) => get('/forever', client, impatient.signal));
  while (pool.metrics().pending + pool.metrics().active < 2) await sleep(1);
  await get('/primes/1000', 'bob');
  await get('/primes/1000', 'ada');
  impatient.abort();
  await Promise.all(waiting);
  await pool.waitAll();
  await get('/health', 'ada');
  await get('/jobs/', 'ada');
  await get('/trace', 'ada');
  process.kill(process.pid, 'SIGTERM');
}

// `node … http-service.ts 8080` keeps serving; without a port, it sends itself requests, then SIGTERM
const port = process.argv[2];
server.listen(Number(port ?? 0), '127.0.0.1', async () => {
  await pool.trace({ lastMs: TRACE_MS }); // records from now on
  const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (port === undefined) void show(base);
  else console.log(base);
});
