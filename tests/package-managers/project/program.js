// What the library does that depends on where a package manager puts it, and on what can be resolved from there.
import { Registry } from 'prom-client';
import { ThreadPool, taskModule } from 'thread-system';
import { ClusterPool } from 'thread-system/cluster';
import { dashboard } from 'thread-system/dashboard';
import { otelMetrics, prometheus } from 'thread-system/metrics';
import { instrument } from 'thread-system/otel';
import { thumbnail } from 'thumbnails';
import { fromCommonJs } from './commonjs.cjs';

const tasks = taskModule(new URL('./tasks.js', import.meta.url));

for (const kind of ['thread', 'process', 'inline']) {
  const pool = new ThreadPool({ kind, maxWorkers: 1 });
  const doubled = await pool.submit((x) => 2 * x, [21]);
  console.log(kind, doubled, await pool.submit(tasks.smallest, [[3, 1, 2]], { name: 'mine' }));
  await pool.shutdown();
  console.log(kind, await thumbnail(kind), await fromCommonJs(kind));
}

// each peer that is installed is found, and of one that is not the error says how to install it
const pool = new ThreadPool({ maxWorkers: 1 });
const register = new Registry();
prometheus(register, { pools: { main: pool } });
console.log((await register.metrics()).split('\n')[0]);
instrument()();
const cluster = new ClusterPool({ connection: 'redis://127.0.0.1:1', queue: 'jobs' });
cluster.shutdown({ mode: 'abort' }).catch(() => {});
console.log(typeof dashboard({ main: pool, cluster }));
try {
  otelMetrics({ main: pool });
} catch (error) {
  console.log(String(error));
}
await pool.shutdown();
process.exit();
