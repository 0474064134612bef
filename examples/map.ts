// One task for many items, which share jobs; the results come as a list, or one by one.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

/** The texts of a folder's files, each read on demand. */
async function* readTexts(folder: string, names: readonly string[]): AsyncGenerator<string> {
  for (const name of names) yield await readFile(join(folder, name), 'utf8');
}

await using pool = new ThreadPool({ maxWorkers: 2 });

// A typed array results in one of the same kind.
const squares = await pool.map((x: number) => x * x, Float64Array.of(1, 2, 3, 4, 5));
console.log(squares);

// An async iterable is read as results are taken, never far ahead: the files are never in memory all at once.
const folder = fileURLToPath(new URL('./inspect-folder/', import.meta.url));
const names = (await readdir(folder)).filter((name) => name.endsWith('.ts')).sort();
const hashes = new Set<string>();
for await (const hash of pool.map(tasks.sha256, readTexts(folder, names))) hashes.add(hash);
console.log('As many hashes as files:', hashes.size === names.length);

// The first failure cancels the rest.
const check = (n: number): number => {
  if (n === 3) throw new RangeError(`${n} is one too many`);
  return n;
};
try {
  await pool.map(check, [1, 2, 3, 4, 5], { chunk: 1, concurrency: 1 });
} catch (error) {
  console.log(String(error));
}
console.log('The pool goes on:', await pool.submit(tasks.sha256, ['']).then((hash) => hash.slice(0, 8)));
