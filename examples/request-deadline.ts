// One deadline for all parts of a request: a fetch, jobs, and a wait between them.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { CancellationToken, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

// Answers with a number; a request for /slow is never answered.
const server = createServer(({ url }, response) => {
  if (url !== '/slow') response.end('20000');
});

server.listen(0, '127.0.0.1');
await once(server, 'listening');
await using pool = new ThreadPool({ maxWorkers: 2 });

console.log('/primes', await answer(pool, '/primes', { ms: 30_000 }));
console.log('/slow', await answer(pool, '/slow', { ms: 200 })); // stopped in the fetch
console.log('/huge', await answer(pool, '/huge', { ms: 200 })); // stopped in a job
server.close();
server.closeAllConnections();

async function answer(pool: ThreadPool, path: string, { ms }: { readonly ms: number }): Promise<string> {
  const token = CancellationToken.timeout(ms); // counts from now on, for all that follows
  try {
    const { port } = server.address() as AddressInfo;
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: token.signal });
    const limit = Number(await response.text());
    await sleep(10, undefined, { signal: token.signal }); // let others go first
    const primes = await pool.submit(tasks.primesBelow, [limit], { token });
    if (path === '/huge') await pool.submit(tasks.countForever, [], { token });
    const hash = await pool.submit(tasks.sha256, [primes.join(' ')], { token });
    return `${primes.length} primes, ${hash.slice(0, 8)}`;
  } catch (error) {
    if (token.isCancelled) return `too late: ${(token.reason as Error).name}`;
    throw error;
  }
}
