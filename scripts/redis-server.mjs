// A redis-server with nothing in it, for scripts: needs one in PATH. The variable REDIS_SERVER can name another program.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { freePort } from './free-port.mjs';

const PROGRAM = process.env.REDIS_SERVER ?? 'redis-server';

/**
 * Starts one on a free port of 127.0.0.1, which saves nothing unless its arguments say so. Resolves once it takes connections.
 *
 * @param {readonly string[]} more arguments.
 * @returns {Promise<{ connection: { host: string, port: number }, kill(): Promise<void>, restart(): Promise<void>, stop(): void }>}
 */
export async function startRedis(more = []) {
  const folder = mkdtempSync(join(tmpdir(), 'thread-system-redis-'));
  const connection = { host: '127.0.0.1', port: await freePort() };
  const args = ['--bind', connection.host, '--port', `${connection.port}`, '--dir', folder, '--save', '', ...more];
  let server = await launch(args);
  return {
    connection,
    /** Ends it as a crash would. */
    kill: async () => {
      server.kill('SIGKILL');
      await once(server, 'exit');
    },
    restart: async () => {
      server = await launch(args);
    },
    stop: () => {
      server.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

async function launch(args) {
  const server = spawn(PROGRAM, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  let isReady = false;
  for await (const line of createInterface({ input: server.stdout })) {
    isReady = line.includes('Ready to accept');
    if (isReady) break;
  }
  if (!isReady) throw new Error(`${PROGRAM} ended before it was ready: ${args.join(' ')}`);
  server.stdout.resume();
  return server;
}
