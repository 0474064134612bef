import { cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from '@jest/globals';
import { TempFolder } from './temp-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** As in a program's bundle: the library's main file, and whatever else lies beside it. */
async function besideBundle(change: (folder: TempFolder) => Promise<void>): Promise<TempFolder> {
  const folder = await TempFolder.make();
  await cp(join(root, 'dist'), folder.path, { recursive: true });
  await writeFile(folder.file('package.json'), '{ "type": "module" }');
  await symlink(join(root, 'node_modules'), folder.file('node_modules'));
  await change(folder);
  return folder;
}

/** Prints what becomes of a job that uses its token. */
const RUN = `
  import { Mutex, ThreadPool } from './index.js';
  const pool = new ThreadPool({ kind: process.argv[2] ?? 'thread', maxWorkers: 1 });
  const job = pool.submit(function (x) { return x + Number(this.token.isCancelled); }, [41]);
  console.log(await job.catch(({ name, message }) => name + ': ' + message));
  await pool.shutdown();`;

async function run(folder: TempFolder, kind: string): Promise<string> {
  await writeFile(folder.file('program.mjs'), RUN);
  return (await folder.node('program.mjs', kind)).trim();
}

const OTHER_CODE = 'setInterval(() => {}, 1_000);';

const foreign = (name: string) => (folder: TempFolder) => writeFile(folder.file(name), OTHER_CODE);
const without = (name: string) => (folder: TempFolder) => rm(folder.file(name));
const ofVersion = (version: string, name: string) => async (folder: TempFolder) => {
  const text = await readFile(folder.file(name), 'utf8');
  await writeFile(folder.file(name), text.replaceAll(/(thread-system-init@)[\d.]+/g, `$1${version}`));
};

type Change = (folder: TempFolder) => Promise<void>;
const both = (first: Change, second: Change) => async (folder: TempFolder) => {
  await first(folder);
  await second(folder);
};

describe('a file that is not the entry of this version is not taken for it', () => {
  test.each<[string, Change]>([
    ['a pool-worker.cjs of the program', foreign('pool-worker.cjs')],
    ['a pool-worker.mjs of the program', both(without('pool-worker.cjs'), foreign('pool-worker.mjs'))],
    ['both', both(foreign('pool-worker.cjs'), foreign('pool-worker.mjs'))],
    ['a pool-worker.cjs of another version', ofVersion('0.0.9', 'pool-worker.cjs')],
    ['a folder of that name', both(without('pool-worker.cjs'), (folder) => mkdir(folder.file('pool-worker.cjs')))],
  ])('%s', async (_, change) => {
    await using folder = await besideBundle(change);
    expect(await run(folder, 'thread')).toBe('41');
  });

  test.each<[string, Change, string]>([
    ['a pool-process.mjs of the program', foreign('pool-process.mjs'), 'what is there is not that of version'],
    ['one of another version', ofVersion('0.0.9', 'pool-process.mjs'), 'what is there is not that of version'],
    ['none', without('pool-process.mjs'), 'it is not there'],
  ])('of a process: %s', async (_, change, rule) => {
    await using folder = await besideBundle(change);
    expect(await run(folder, 'process')).toMatch(new RegExp(`kind 'process' needs .*pool-process\\.mjs, and ${rule}`));
  });
});

describe("a worker's own file", () => {
  const program = (file: string): string => `
    import { Worker } from 'node:worker_threads';
    import { ThreadPool } from './index.js';
    const pool = new ThreadPool({ maxWorkers: 1, worker: () => new Worker(new URL('${file}', import.meta.url)) });
    process.on('warning', ({ message }) => {
      console.log(message);
      process.exit();
    });
    setInterval(() => {}, 1_000);
    console.log(await pool.submit((x) => x, [1]).catch(({ name, cause }) => name + ': ' + cause?.message));
    process.exit();`;

  test('that does not import the entry is warned of', async () => {
    await using folder = await besideBundle(async (to) => {
      await writeFile(to.file('own.mjs'), OTHER_CODE);
      await writeFile(to.file('program.mjs'), program('./own.mjs'));
    });
    expect((await folder.node('program.mjs')).trim()).toBe(
      "Worker 0 has not begun within 5 s: does the file that the option worker starts import 'thread-system/pool-worker'?",
    );
  });

  test('that imports the entry of another version fails, and says so', async () => {
    await using folder = await besideBundle(async (to) => {
      await cp(to.file('pool-worker.cjs'), to.file('older.cjs'));
      await ofVersion('0.0.9', 'older.cjs')(to);
      await writeFile(to.file('own.mjs'), "import './older.cjs';");
      await writeFile(to.file('program.mjs'), program('./own.mjs'));
    });
    expect(await folder.node('program.mjs')).toContain('its pool is of thread-system 0.1.0; import the entry of the');
  });
});
