// A build tool with a watch mode: a job for each file, errors by file; a file that changes while it waits is compiled once.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ThreadPool } from 'thread-system';

const folder = mkdtempSync(join(tmpdir(), 'build-tool-'));

/** Runs on a worker: a compiler for a single statement. */
async function compile(file: string): Promise<number> {
  const { readFile, writeFile } = await import('node:fs/promises');
  const lines = (await readFile(file, 'utf8')).split('\n');
  for (const [index, line] of lines.entries())
    if (!/^print \w+$/.test(line))
      throw Object.assign(new SyntaxError(`I cannot read '${line}'`), { file, line: index + 1 });
  await writeFile(`${file}.js`, lines.map((line) => `console.log('${line.slice(6)}');`).join('\n'));
  return lines.length;
}

interface Fault {
  readonly line: number;
  readonly message: string;
}

class Builder {
  readonly faults = new Map<string, Fault>();
  readonly #pool: ThreadPool;

  constructor(pool: ThreadPool) {
    this.#pool = pool;
  }

  /**
   * Compiles a file. If a job for it is already waiting, that job is joined by its key. If one is running, the file is compiled
   * again, as the running job may have read the old content (`keyJoins: 'pending'`).
   */
  async build(file: string): Promise<void> {
    const job = this.#pool.submit(compile, [file], { key: file, keyJoins: 'pending', name: file });
    await job.then(
      () => this.faults.delete(file),
      (error: unknown) => this.faults.set(file, error as Fault), // arrives with its properties
    );
  }

  report(): void {
    if (this.faults.size === 0) console.log('no faults');
    for (const [file, { line, message }] of [...this.faults].sort())
      console.log(`${file.slice(folder.length + 1)}:${line}: ${message}`);
  }
}

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
await using pool = new ThreadPool({ maxWorkers: 2, concurrency: 2 });
const builder = new Builder(pool);

const files = ['a', 'b', 'c', 'd'].map((name) => write(`${name}.txt`, `print ${name}`));
write('b.txt', 'print b\nprnt b');
await Promise.all(files.map((file) => builder.build(file)));
builder.report();

// what a watcher such as fs.watch or chokidar reports: an editor that saves three times causes three events
write('b.txt', 'print b\nprint b');
pool.pause(); // as if all workers were busy
const changes = [1, 2, 3].map(() => builder.build(join(folder, 'b.txt')));
pool.resume();
await Promise.all(changes);
builder.report();
console.log('compiled', pool.metrics().submitted, 'times');
rmSync(folder, { recursive: true });
