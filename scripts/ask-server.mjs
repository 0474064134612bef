import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort } from './free-port.mjs';

const LONGEST_MS = 120_000;

/**
 * Starts the server in a file, which reads its port from the environment and says when it listens, and asks it for a path.
 * Resolves with what it answers as what a program prints to stdout.
 */
export async function askServer(file, path) {
  const port = await freePort();
  const host = { HOST: '127.0.0.1', HOSTNAME: '127.0.0.1', PORT: String(port) };
  const env = { ...process.env, ...host, NODE_OPTIONS: '' };
  const server = spawn(process.execPath, [file], { env, stdio: ['ignore', 'pipe', 'pipe'], timeout: LONGEST_MS });
  let stderr = '';
  server.stderr.on('data', (text) => {
    stderr += text;
  });
  const closed = once(server, 'close');
  try {
    await Promise.race([once(server.stdout, 'data'), closed]);
    const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(LONGEST_MS) });
    return { stdout: await response.text(), stderr };
  } finally {
    server.kill();
    await closed;
  }
}
