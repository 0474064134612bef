// A redis-server with nothing in it, for scripts: needs one in PATH. The variable REDIS_SERVER can name another program.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.mjs';

const PROGRAM = process.env.REDIS_SERVER ?? 'redis-server';

/**
 * Starts one on a free port of 127.0.0.1, which saves nothing. Resolves once it takes connections.
 *
 * @returns {Promise<{ connection: { host: string, port: number }, stop(): void }>}
 */
export async function startRedis() {
  const folder = mkdtempSync(join(tmpdir(), 'thread-system-redis-'));
  const connection = { host: '127.0.0.1', port: await freePort() };
  const args = ['--bind', connection.host, '--port', `${connection.port}`, '--dir', folder, '--save', ''];
  const server = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let isReady = false;
  for await (const line of createInterface({ input: server.stdout })) {
    isReady = line.includes('Ready to accept');
    if (isReady) break;
  }
  if (!isReady) throw new Error(`${PROGRAM} ended before it was ready at port ${connection.port}`);
  server.stdout.resume();
  return {
    connection,
    stop: () => {
      server.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
