import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

/** The program: another one can be tested, such as a `valkey-server`. */
const PROGRAM = process.env['REDIS_SERVER'] ?? 'redis-server';
/** How many free ports are tried. */
const ATTEMPTS = 5;

/** A redis-server of its own, on a free port of 127.0.0.1, with its own folder. */
export class RedisServer implements AsyncDisposable {
  readonly port: number;
  readonly #folder: string;
  readonly #args: readonly string[];
  #process: ChildProcess | undefined;

  private constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
    this.#folder = mkdtempSync(join(tmpdir(), 'redis-'));
  }

  static start(args: readonly string[] = []): Promise<RedisServer> {
    return RedisServer.#startAtFreePort(() => args);
  }

  /** Starts one that takes nothing but TLS, with a certificate of its own in files. */
  static startTls({ cert, key }: { readonly cert: string; readonly key: string }): Promise<RedisServer> {
    const files = ['--tls-cert-file', cert, '--tls-key-file', key, '--tls-ca-cert-file', cert];
    return RedisServer.#startAtFreePort((port) => [
      ...['--port', '0', '--tls-port', `${port}`, '--tls-auth-clients', 'no'],
      ...files,
    ]);
  }

  /** At another port if somebody else has taken a free one meanwhile. */
  static async #startAtFreePort(argsFor: (port: number) => readonly string[]): Promise<RedisServer> {
    for (let attempt = 1; ; attempt++) {
      const port = await freePort();
      const server = new RedisServer(port, argsFor(port));
      try {
        await server.start();
        return server;
      } catch (error) {
        await server[Symbol.asyncDispose]();
        if (attempt === ATTEMPTS) throw error;
      }
    }
  }

  get connection(): { readonly host: string; readonly port: number } {
    return { host: '127.0.0.1', port: this.port };
  }

  /**
   * Starts it, again after `kill` with what is in its append-only file.
   *
   * @throws {Error} with its log, by rejection, if it ends before it takes connections.
   */
  async start(): Promise<void> {
    const own = [
      '--bind',
      '127.0.0.1',
      '--port',
      `${this.port}`,
      '--dir',
      this.#folder,
      '--save',
      '',
      '--appendonly',
      'yes',
    ];
    const child = spawn(PROGRAM, [...own, ...this.#args], { stdio: ['ignore', 'pipe', 'inherit'] });
    this.#process = child;
    const log: string[] = [];
    let isReady = false;
    for await (const line of createInterface({ input: child.stdout })) {
      log.push(line);
      isReady = line.includes('Ready to accept');
      if (isReady) break;
    }
    if (!isReady) throw new Error(`A ${PROGRAM} ended before it was ready:\n${log.join('\n')}`);
    child.stdout.resume();
  }

  /** Kills it as a crash would. */
  async kill(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined) return;
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  }

  /** Stops it, as a machine that has vanished: its connections stay open, and are not answered. */
  freeze(): void {
    this.#process?.kill('SIGSTOP');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

/** Returns a port of this machine that nobody listens on. */
export async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
}
