// The metrics of a pool for Prometheus: GET /metrics, with the jobs that the other requests submit.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { ThreadPool, taskModule } from 'thread-system';
import { prometheusText } from 'thread-system/metrics';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
const pool = new ThreadPool({ maxWorkers: 2, maxQueue: 1_000 });

const server = createServer(async (request, response) => {
  const [, route, value = ''] = request.url?.split('/') ?? [];
  try {
    if (route === 'metrics') {
      response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
      response.end(prometheusText({ main: pool }));
    } else if (route === 'primes') response.end(`${await pool.submit(tasks.primesBelow, [Number(value)])}\n`);
    else if (route === 'hash') response.end(`${await pool.submit(tasks.sha256, [value])}\n`);
    else response.writeHead(404).end();
  } catch (error) {
    response.writeHead(500).end(`${error}\n`);
  }
});

// `node … prometheus.ts 9464` keeps serving; without a port, it prints what a scrape reads, and ends
const port = process.argv[2];
server.listen(Number(port ?? 0), '127.0.0.1', async () => {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  if (port !== undefined) {
    console.log(`${url}/metrics`);
    return;
  }
  for (const path of ['primes/1000', 'primes/2000', 'hash/hello']) await fetch(`${url}/${path}`);
  const text = await (await fetch(`${url}/metrics`)).text();
  for (const line of text.split('\n'))
    if (/_settled_total\{.*completed|_run_seconds_count/.test(line)) console.log(line);
  server.close();
  await pool.shutdown();
});
