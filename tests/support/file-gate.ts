import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CancellationToken, taskModule } from 'thread-system';
import { fixture } from './tasks.ts';

/** The types of `tests/tasks/gated.mjs`. */
interface GatedTasks {
  hold<T>(gate: string, value?: T): Promise<T>;
  block<T>(gate: string, value?: T): T;
  spin(gate: string): never;
  deaf(gate: string): never;
  spinUntil(gate: string, token: CancellationToken): string;
  reasonOf(gate: string, token: CancellationToken): Promise<unknown>;
  untilAborted(gate: string): Promise<never>;
  untilCancelled<T>(gate: string, value: T): Promise<T>;
  cancelToken(token: CancellationToken, reason?: unknown): string;
  note(log: string, value: unknown): void;
  succeedAt(log: string, count: number): number;
  surviveAt(count: number): number;
  views(): { whole: Uint8Array; part: Uint16Array; other: Float64Array };
  moved(size: number): { bytes: Uint8Array; length: number };
  pid(): number;
  threadId(): number;
}

export const gated = taskModule<GatedTasks>(fixture('gated.mjs'));

/** Resolves once `condition` holds: looked at every few milliseconds, for what other processes do. */
export async function eventually(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** A gate for tasks with which no memory is shared: a folder. It holds them until it is opened, at the latest disposed. */
export class FileGate implements Disposable {
  readonly path = mkdtempSync(join(tmpdir(), 'thread-system-gate-'));

  constructor() {
    writeFileSync(join(this.path, 'closed'), '');
  }

  /** Resolves once `count` tasks have reached the gate. */
  async reachedBy(count: number): Promise<void> {
    await eventually(() => this.#reached.length >= count);
  }

  /** The processes of the tasks that have reached it. */
  get pids(): number[] {
    return this.#reached.map(Number);
  }

  open(): void {
    rmSync(join(this.path, 'closed'), { force: true });
  }

  [Symbol.dispose](): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** What they have written; a file is there before its text is. */
  get #reached(): string[] {
    const names = readdirSync(this.path).filter((name) => name.startsWith('reached'));
    return names.map((name) => readFileSync(join(this.path, name), 'utf8')).filter((text) => text !== '');
  }
}

/** A list that tasks write to, in the order in which they run. */
export class FileLog implements Disposable {
  readonly #folder = mkdtempSync(join(tmpdir(), 'thread-system-log-'));
  readonly path = join(this.#folder, 'log');

  get lines(): string[] {
    return existsSync(this.path) ? readFileSync(this.path, 'utf8').trimEnd().split('\n') : [];
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
