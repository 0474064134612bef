// A web process: it submits jobs, and runs none itself. `curl 'http://127.0.0.1:8080/?path=/etc/hostname'`.
import { createServer } from 'node:http';
import { ClusterPool, remoteTasks } from 'thread-system/cluster';
import { prometheusText } from 'thread-system/metrics';

const tasks = remoteTasks<typeof import('../inspect-folder-tasks.js')>(); // types only: the hosts have the code
const cluster = new ClusterPool({
  connection: process.env['REDIS_URL'] ?? 'redis://127.0.0.1:6379',
  queue: process.env['QUEUE'] ?? 'files',
  maxQueue: 10_000, // beyond that, a request fails at once instead of waiting
});

const server = createServer(async ({ url = '/' }, response) => {
  const { pathname, searchParams } = new URL(url, 'http://localhost');
  if (pathname === '/metrics') {
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(await prometheusText({ cluster }));
    return;
  }
  try {
    const facts = await cluster.submit(tasks.inspectFile, [searchParams.get('path') ?? ''], { timeoutMs: 10_000 });
    response.setHeader('content-type', 'application/json').end(JSON.stringify(facts));
  } catch (error) {
    response.writeHead(500).end(error instanceof Error ? error.message : String(error));
  }
});
server.listen(Number(process.env['PORT'] ?? 8080));

process.once('SIGTERM', async () => {
  server.close();
  await cluster.shutdown({ timeoutMs: 10_000 }); // waits for the jobs of its requests
});
