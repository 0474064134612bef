import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

const exec = promisify(execFile);

/** A folder of its own outside the repository, gone when disposed of: nothing can be resolved from there by accident. */
export class TempFolder implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TempFolder> {
    return new TempFolder(await mkdtemp(join(tmpdir(), 'thread-system-')));
  }

  file(name: string): string {
    return join(this.path, name);
  }

  /** What `node ...args`, started there, prints; rejects when it exits with an error, with `stdout` as a property. */
  async node(...args: readonly string[]): Promise<string> {
    const { stdout } = await exec(process.execPath, args, { cwd: this.path, timeout: 60_000 });
    return stdout;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.path, { recursive: true, force: true });
  }
}
