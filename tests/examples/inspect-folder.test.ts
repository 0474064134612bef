import { createHash } from 'node:crypto';
import { chmod, link, mkdir, readFile, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import type { Trace } from 'thread-system';
import type { DashboardSnapshot } from 'thread-system/dashboard';
import { TempFolder } from '../package/temp-folder.ts';
import { checked, slicesOf } from '../support/trace-schema.ts';
import { runExample, startExample } from './run-example.ts';

const MEBIBYTE = 2 ** 20;
const TEXT = Buffer.from('one\ntwo\nthree without an end');
/** chmod does not keep root out. */
const isRoot = process.getuid?.() === 0;

const FILES: Readonly<Record<string, Buffer>> = {
  'binary.dat': pseudoRandomBytes(2.5 * MEBIBYTE),
  'text.txt': TEXT,
  [join('below', 'copy of text.txt')]: TEXT,
  'empty.txt': Buffer.alloc(0),
};

/** The same on every run: a xorshift generator. */
function pseudoRandomBytes(size: number): Buffer {
  const words = new Uint32Array(size / Uint32Array.BYTES_PER_ELEMENT);
  let x = 2463534242;
  for (let i = 0; i < words.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    words[i] = x;
  }
  return Buffer.from(words.buffer);
}

async function makeFolder(): Promise<TempFolder> {
  const folder = await TempFolder.make();
  await mkdir(folder.file('below'));
  for (const [name, content] of Object.entries(FILES)) await writeFile(folder.file(name), content);
  await symlink('nowhere', folder.file('broken'));
  await link(folder.file('binary.dat'), folder.file('binary, linked.dat')); // no duplicate
  await symlink('text.txt', folder.file('link'));
  await symlink('..', folder.file(join('below', 'up')));
  if (!isRoot) {
    await writeFile(folder.file('secret'), 'secret');
    await chmod(folder.file('secret'), 0);
  }
  return folder;
}

/** What the example should find out about a content. A large one counts as gzip of several members. */
function factsOf(content: Buffer) {
  const members: Buffer[] = [];
  for (let at = 0; at < content.length || at === 0; at += MEBIBYTE)
    members.push(gzipSync(content.subarray(at, at + MEBIBYTE)));
  const gzip = Buffer.concat(members);
  expect(gunzipSync(gzip).equals(content)).toBe(true);
  const sha256 = createHash('sha256').update(content).digest('hex');
  return { bytes: content.length, gzipBytes: gzip.length, lines: content.filter((byte) => byte === 10).length, sha256 };
}

const count = (n: number): string => n.toLocaleString('en-US');

/** The cells of the table whose title begins so, without its head. */
function rowsOf(stdout: string, title: string): string[][] {
  const lines = stdout.split('\n');
  const start = lines.findIndex((line) => line.startsWith(title));
  const end = lines.indexOf('', start);
  const rows = lines.slice(start, end === -1 ? undefined : end).filter((line) => line.startsWith('│'));
  return rows.slice(1).map((row) =>
    row
      .split('│')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

test.concurrent('shows what node:crypto and node:zlib say of each file, and what came of each job', async () => {
  await using folder = await makeFolder();
  const { code, stdout, stderr } = await runExample('inspect-folder.ts', [folder.path]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });

  const linked = { 'binary, linked.dat': FILES['binary.dat'] ?? Buffer.alloc(0) };
  const facts = Object.entries({ ...FILES, ...linked }).map(([name, content]) => ({ name, ...factsOf(content) }));
  const bySize = facts.sort((a, b) => b.bytes - a.bytes || (a.name < b.name ? -1 : 1));
  expect(rowsOf(stdout, 'Largest files')).toEqual(
    bySize.map(({ name, bytes, gzipBytes, lines, sha256 }) => [
      name,
      ...[bytes, gzipBytes, lines].map(count),
      sha256.slice(0, 12),
    ]),
  );
  const lines = facts.reduce((sum, file) => sum + file.lines, 0);
  expect(stdout).toContain(`\nInspected: 5 files, ${count(lines)} lines, 5.2 MB, `);
  expect(stdout).toContain('\nNot followed: 2 links\n');

  const text = factsOf(TEXT);
  expect(rowsOf(stdout, 'Duplicates: 1 content')).toEqual([
    [join('below', 'copy of text.txt'), '2', count(text.bytes), text.sha256.slice(0, 12)],
  ]);
  expect(rowsOf(stdout, 'Could not be read: 1 ENOENT')).toEqual([
    ['broken', 'ENOENT: broken link'],
    ...(isRoot ? [] : [['secret', 'EACCES: permission denied']]),
  ]);

  const failed = isRoot ? 0 : 1;
  expect(stdout).toContain(`\nJobs: ${5 + failed} submitted, 5 completed, ${failed} failed, 0 cancelled\n`);
  expect(rowsOf(stdout, 'Jobs:').map(([name]) => name)).toEqual(['queued', 'execution']);
  const jobs = rowsOf(stdout, 'Workers').map(([, jobs]) => Number(jobs));
  expect(jobs.reduce((sum, n) => sum + n, 0)).toBe(5 + failed);
  expect(stdout).toMatch(
    /\nTime on \d threads?: .*\nCompared with one thread, by 5 files, .*\n {2}.* on one thread, .* on \d: \d+\.\d\d times as fast\n/,
  );
});

test.concurrent('--no-compare leaves the one thread out', async () => {
  await using folder = await TempFolder.make();
  await writeFile(folder.file('only.txt'), 'x\n');
  const { code, stdout } = await runExample('inspect-folder.ts', [folder.path, '--no-compare', '--large-first']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/\nTime on 1 thread: .*\n$/);
});

test.concurrent('--trace writes a trace of the jobs', async () => {
  await using folder = await makeFolder();
  await using traces = await TempFolder.make();
  const file = traces.file('out.json');
  const { code, stdout, stderr } = await runExample('inspect-folder.ts', [
    folder.path,
    '--no-compare',
    '--trace',
    file,
  ]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain(`\nTrace: ${file}; open it at https://ui.perfetto.dev\n`);
  const events = checked(JSON.parse(await readFile(file, 'utf8')) as Trace);
  const jobs = slicesOf(events, 'job');
  expect(jobs.map(({ name }) => name)).toEqual(jobs.map(() => 'inspectFile'));
  expect(jobs).toHaveLength(5 + (isRoot ? 0 : 1));
});

test.concurrent('--dashboard serves a page that shows the pool, until Ctrl-C', async () => {
  await using folder = await makeFolder();
  const example = startExample('inspect-folder.ts', [folder.path, '--no-compare', '--dashboard']);
  const url = /^Dashboard: (\S+)$/m.exec(await example.printed(' until Ctrl-C\n'))?.[1] ?? '';
  expect(await (await fetch(url)).text()).toContain('<title>Dashboard');
  const { pools } = (await (await fetch(`${url}snapshot`)).json()) as DashboardSnapshot;
  expect(pools).toMatchObject([{ name: 'files', state: 'closed', completed: 5, active: 0, pending: 0 }]);
  example.interrupt();
  expect(await example.outcome).toMatchObject({ code: 0, stderr: '' });
});

test.concurrent('an empty folder is no fault', async () => {
  await using folder = await TempFolder.make();
  const { code, stdout, stderr } = await runExample('inspect-folder.ts', [folder.path]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('\nInspected: 0 files, ');
});

test.concurrent('a budget that is used up stops it, says so, and is no fault', async () => {
  await using folder = await makeFolder();
  const { code, stdout, stderr } = await runExample('inspect-folder.ts', [folder.path, '--budget', '0']);
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect(stdout).toContain('\nStopped: the budget of 0 ms is used up. What is known so far:\n');
  expect(stdout).toContain('\nInspected: 0 files, ');
  expect(stdout).toContain('\nCompared with one thread: not measured\n');
});

test.concurrent('Ctrl-C stops it within a chunk and shows what is known by then', async () => {
  await using folder = await TempFolder.make();
  await writeFile(folder.file('a'), 'a\n');
  await writeFile(folder.file('b'), 'b\n');
  // sparse: they take no room on the disk, but many seconds to read
  for (const name of ['huge', 'huge too']) {
    await writeFile(folder.file(name), '');
    await truncate(folder.file(name), 1024 * MEBIBYTE);
  }
  const example = startExample('inspect-folder.ts', [folder.path]);
  await example.printed('2 of 4 files\n'); // small ones first
  example.interrupt();
  const { code, stdout, stderr } = await example.outcome;

  expect({ code, stderr }).toEqual({ code: 130, stderr: '' });
  expect(stdout).toContain('\nStopped: Ctrl-C. What is known so far:\n\nInspected: 2 files, 2 lines, 4 B, ');
  expect(stdout).toContain('\nNot inspected: 2 files\n');
  expect(rowsOf(stdout, 'Largest files').map(([name]) => name)).toEqual(['a', 'b']);
  expect(stdout).toContain('\nJobs: 4 submitted, 2 completed, 0 failed, 2 cancelled\n');
});

test.concurrent.each([
  [['--nope'], "Unknown option '--nope'"],
  [['here', 'there'], 'Cannot inspect several folders at once: received here, there'],
  [['no-such-folder'], 'Cannot inspect no-such-folder: there is no such folder'],
  [['--trace', 'no-such-folder/out.json'], 'Cannot write a trace to no-such-folder/out.json: there is no folder '],
  [['--trace', '.'], "Cannot write a trace to '.': it must be the name of a file"],
  [['package.json'], 'Cannot inspect package.json: it is not a folder'],
  [['--budget', 'soon'], "Cannot use the budget 'soon': it must be a number of milliseconds from 0 to 2147483647"],
] as const)('%j is refused, with the reason', async (args, reason) => {
  const { code, stdout, stderr } = await runExample('inspect-folder.ts', args);
  expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
  expect(stderr).toContain(reason);
  expect(stderr).toContain('\nUsage: npm start -- [folder]');
});

test.concurrent('--help explains', async () => {
  const { code, stdout } = await runExample('inspect-folder.ts', ['--help']);
  expect(code).toBe(0);
  expect(stdout).toContain('--budget <ms>');
});
