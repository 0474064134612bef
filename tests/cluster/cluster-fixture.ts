import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type ShutdownOptions, taskModule } from 'thread-system';
import type { ClusterHostOptions, ClusterJob } from 'thread-system/cluster';
import { RedisCluster } from '../support/redis-cluster.ts';
import type { RedisServer } from '../support/redis-server.ts';

export const tasks = taskModule<typeof import('./fixtures/tasks.mjs')>(
  new URL('./fixtures/tasks.mjs', import.meta.url),
);

const HOST = fileURLToPath(new URL('./fixtures/host.mjs', import.meta.url));

/** A host in a process of its own, which can be killed. */
export class HostProcess implements AsyncDisposable {
  readonly #child: ChildProcess;
  /** What it has exited with, a code or a signal. */
  readonly exit: Promise<number | string>;

  private constructor(child: ChildProcess) {
    this.#child = child;
    this.exit = once(child, 'exit').then(([code, signal]) => code ?? signal);
  }

  static async start(
    server: RedisServer | RedisCluster,
    options: Partial<ClusterHostOptions> & { readonly queue: string; readonly signals?: true },
  ): Promise<HostProcess> {
    const connection = server instanceof RedisCluster ? server.nodes : server.connection;
    const child = fork(HOST, [JSON.stringify({ connection, maxWorkers: 2, ...options })]);
    const host = new HostProcess(child);
    const [message] = await Promise.race([once(child, 'message'), host.exit.then((code) => [`exited with ${code}`])]);
    if (message !== 'ready') throw new Error(`A host did not start: ${message}`);
    return host;
  }

  /** Ends it as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL');
    await this.exit;
  }

  /** Asks it to end, as an operator would. */
  async terminate(): Promise<number | string> {
    this.#child.kill('SIGTERM');
    return await this.exit;
  }

  /** Has it call `shutdownAll` and exit. */
  async shutDownAll(options: ShutdownOptions): Promise<number | string> {
    this.#child.send(options);
    return await this.exit;
  }

  /** Stops all its threads for a while, as a machine that swaps would. */
  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

let lastQueue = 0;

/** Name of a queue that no other test of the server uses. */
export const newQueue = (): string => `queue-${++lastQueue}`;

/** Resolves once a job is as described. */
export async function until(isTrue: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await isTrue())) await new Promise((resolve) => setTimeout(resolve, 5));
}

/** How many of the jobs are in each state. */
export function states(jobs: readonly ClusterJob[]): Partial<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { state } of jobs) counts[state] = (counts[state] ?? 0) + 1;
  return counts;
}

/** A file in which tasks note that they run. */
export class NoteFile implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'notes-'));
  readonly path = join(this.#folder, 'notes');

  get lines(): string[] {
    try {
      return readFileSync(this.path, 'utf8').split('\n').slice(0, -1);
    } catch {
      return []; // nothing has run
    }
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
