import { cp, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { TempFolder } from './temp-folder.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Manifest {
  readonly version: string;
}
const manifest: Manifest = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
const OTHER = '99.0.1';
/** As it is in the code, where the constant has a name of any length, or in a greeting. */
const VERSION_IN_CODE = new RegExp(
  `(=\\s*["']|thread-system-init@)${manifest.version.replaceAll('.', '\\.')}(?=["'])`,
  'g',
);

/** Copies the built library into the folder as a package, under a version of its own. Returns how many files say it. */
async function install(folder: TempFolder, name: string, version: string): Promise<number> {
  const to = folder.file(join('node_modules', name));
  await mkdir(to, { recursive: true });
  await cp(join(root, 'dist'), join(to, 'dist'), { recursive: true });
  await writeFile(join(to, 'package.json'), JSON.stringify({ ...manifest, name, version, dependencies: undefined }));
  let count = 0;
  for (const file of await readdir(join(to, 'dist'), { recursive: true })) {
    if (!/\.[cm]?js$/.test(file)) continue;
    const text = await readFile(join(to, 'dist', file), 'utf8');
    const changed = text.replace(VERSION_IN_CODE, `$1${version}`);
    if (changed === text) continue;
    count++;
    await writeFile(join(to, 'dist', file), changed);
  }
  return count;
}

/** A folder in which a program finds this version, as `ours`, and another one, as `theirs`. */
async function withTwoVersions(program: string, tasks: string): Promise<string[]> {
  await using folder = await TempFolder.make();
  expect(await install(folder, 'theirs', OTHER)).toBeGreaterThanOrEqual(3);
  await install(folder, 'ours', manifest.version);
  await symlink(join(root, 'node_modules/croner'), folder.file('node_modules/croner'));
  await writeFile(folder.file('tasks.mjs'), tasks);
  await writeFile(folder.file('program.mjs'), program);
  return (await folder.node('program.mjs')).trimEnd().split('\n');
}

test('the version in the code is that of the package', async () => {
  const code = await readFile(join(root, 'src/base/version.ts'), 'utf8');
  expect(code).toContain(`VERSION = '${manifest.version}';`);
  expect(code).toContain(`GREETING = 'thread-system-init@${manifest.version}';`);
});

test('pools, tokens and locks of two versions work side by side in one process', async () => {
  const tasks = (name: string): string => `
    import * as ${name} from '${name}/worker';
    export function ${name}Work(token, mutex, latch, sum) {
      const job = ${name}.currentJob();
      const lock = mutex.lockSync();
      sum[0] += 1;
      lock.release();
      latch.countDown();
      return [token instanceof ${name}.CancellationToken, token.isCancelled, job.attempt].join();
    }
    export function ${name}Wait(latch, token) {
      latch.countDown();
      try {
        token.waitSync();
        ${name}.currentJob().throwIfCancelled();
        return 'cancelled';
      } catch (error) {
        return error.name;
      }
    }`;
  const program = `
    import * as ours from 'ours';
    import * as theirs from 'theirs';
    const use = async (library, name) => {
      const tasks = library.taskModule(new URL('./tasks.mjs', import.meta.url));
      const pool = new library.ThreadPool({ maxWorkers: 2 });
      const [token, mutex, latch] = [new library.CancellationToken(), new library.Mutex(), new library.Latch(20)];
      const sum = new Int32Array(new SharedArrayBuffer(4));
      const args = [token, mutex, latch, sum];
      const jobs = Array.from({ length: 20 }, () => pool.submit(tasks[name + 'Work'], args));
      await latch.wait();
      const results = new Set(await Promise.all(jobs));
      const begun = new library.Latch(1);
      const waiting = pool.submit(tasks[name + 'Wait'], [begun, token]);
      await begun.wait();
      token.cancel('enough');
      const line = [name, sum[0], ...results, await waiting, mutex.isLocked].join(' ');
      await pool.shutdown();
      return line;
    };
    for (const line of await Promise.all([use(ours, 'ours'), use(theirs, 'theirs')])) console.log(line);`;
  expect(await withTwoVersions(program, tasks('ours') + tasks('theirs'))).toEqual([
    'ours 20 true,false,1 cancelled false',
    'theirs 20 true,false,1 cancelled false',
  ]);
}, 60_000);

test('what belongs to another version is refused by an error that says so', async () => {
  const tasks = `
    import { currentJob, move } from 'theirs/worker';
    export const whichJob = () => currentJob().id;
    export const moved = () => move(new Uint8Array(4), []);
    export const nothing = () => {};`;
  const program = `
    import * as ours from 'ours';
    import * as theirs from 'theirs';
    const url = new URL('./tasks.mjs', import.meta.url);
    const tasks = ours.taskModule(url);
    const pool = new ours.ThreadPool({ maxWorkers: 1 });
    const token = new theirs.CancellationToken();
    const job = new theirs.Job(() => 1);
    const calls = [
      () => pool.submit(tasks.nothing, [token]),
      () => pool.submit(tasks.nothing, [{ deep: [new theirs.Mutex()] }]),
      () => pool.submit(tasks.nothing, [job]),
      () => pool.submit(tasks.nothing, [[new theirs.JobGraph()]]),
      () => pool.submit(tasks.nothing, [], { token }),
      () => pool.submit(tasks.nothing, [], { dependsOn: [job] }),
      () => pool.submit(theirs.taskModule(url).nothing),
      () => pool.submitJob(job),
      () => new ours.Signal().wait({ token }),
      () => ours.CancellationToken.any(token),
      () => new ours.Condition(new theirs.Mutex()),
      () => pool.submit(tasks.whichJob),
      () => pool.submit(tasks.moved),
    ];
    for (const call of calls)
      console.log(await (async () => call())().then(() => 'accepted', (error) => error.name + ': ' + error.message));
    console.log(token instanceof ours.CancellationToken, await pool.submit(() => 5, [], { signal: token.signal }));
    await pool.shutdown();`;
  const [ours, foreign] = [`thread-system ${manifest.version}`, `of thread-system ${OTHER}`];
  const received = (what: string): string => `a ${what} ${foreign}, while this is ${ours}`;
  expect(await withTwoVersions(program, tasks)).toEqual([
    `NotCloneableError: Cannot send args[0] to another thread: it is ${received('CancellationToken')}`,
    `NotCloneableError: Cannot send args[0].deep[0] to another thread: it is ${received('Mutex')}`,
    `NotCloneableError: Cannot send args[0] to another thread: it is ${received('Job')}`,
    `NotCloneableError: Cannot send args[0][0] to another thread: it is ${received('JobGraph')}`,
    `TypeError: Cannot make job 'nothing': token must be a CancellationToken, received ${received('CancellationToken')}`,
    `TypeError: Cannot make job 'nothing': dependsOn must be an array of Jobs, but contains ${received('Job')}`,
    `TypeError: Cannot make job: task must be a function or a task of a taskModule(), received ${received('task of a taskModule()')}`,
    `TypeError: Cannot submit job: it must be a Job, received ${received('Job')}`,
    `TypeError: Cannot wait for a signal: token must be a CancellationToken, received ${received('CancellationToken')}`,
    `TypeError: Cannot link tokens: each must be a CancellationToken, received ${received('CancellationToken')}`,
    `TypeError: Cannot make a condition: mutex must be a Mutex, received ${received('Mutex')}`,
    `Error: Cannot tell the current job: this is a worker of ${ours}, and the task imports thread-system ${OTHER}; import the version of its pool`,
    `NotCloneableError: Cannot send result to another thread: it is a moved value of thread-system ${OTHER}, while this is ${ours}`,
    'false 5',
  ]);
}, 60_000);

test('the copies of one version for ES modules and CommonJS share what crosses, and what is shut down; they refuse jobs of each other', async () => {
  await using folder = await TempFolder.make();
  await install(folder, 'ours', manifest.version);
  await symlink(join(root, 'node_modules/croner'), folder.file('node_modules/croner'));
  await writeFile(
    folder.file('program.mjs'),
    `import { createRequire } from 'node:module';
     import * as modern from 'ours';
     const require = createRequire(import.meta.url);
     const older = require('./node_modules/ours/dist/cjs/index.js');
     const pool = new modern.ThreadPool({ maxWorkers: 1 });
     const token = new older.CancellationToken();
     const latch = new older.Latch(1);
     const job = pool.submit((token, latch) => { latch.countDown(); return token.waitSync(); }, [token, latch], { token: new older.CancellationToken() });
     await latch.wait();
     token.cancel();
     console.log(older.Job === modern.Job, token instanceof modern.CancellationToken, await job);
     await pool.submit(() => {}, [new older.Job(() => 1)]).catch((error) => console.log(error.message));
     try {
       pool.submitJob(new older.Job(() => 1));
     } catch (error) {
       console.log(error.message);
     }
     await older.shutdownAll();
     try {
       pool.submit(() => 1);
     } catch (error) {
       console.log(error.message);
     }`,
  );
  expect((await folder.node('program.mjs')).trimEnd().split('\n')).toEqual([
    'false true true',
    `Cannot send args[0] to another thread: it is a Job, which stays on its thread`,
    `Cannot submit job: it must be a Job, received a Job of another copy of thread-system ${manifest.version}`,
    expect.stringContaining('the pool is shut down'),
  ]);
}, 60_000);

test('pools of two versions that task modules make as they are loaded do not nest without end', async () => {
  const tasks = `
    import * as ours from 'ours';
    import * as theirs from 'theirs';
    const url = new URL('./tasks.mjs', import.meta.url);
    const refusals = [];
    for (const library of [ours, theirs]) {
      const pool = new library.ThreadPool({ maxWorkers: 1 });
      try {
        pool.submit(library.taskModule(url).refused).catch(() => {});
      } catch (error) {
        refusals.push(error.message);
      }
    }
    export const refused = () => refusals;`;
  const program = `
    import * as ours from 'ours';
    const tasks = ours.taskModule(new URL('./tasks.mjs', import.meta.url));
    const pool = new ours.ThreadPool({ maxWorkers: 1 });
    console.log(JSON.stringify(await pool.submit(tasks.refused)));
    await pool.shutdown();`;
  const [line = ''] = await withTwoVersions(program, tasks);
  expect(JSON.parse(line)).toEqual([
    expect.stringContaining('this is a worker, which loads'),
    expect.stringContaining('this is a worker, which loads'),
  ]);
}, 60_000);
