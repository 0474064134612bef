import { beforeAll, describe, expect, test } from '@jest/globals';
import { runProgram } from '../support/program.ts';

const pool = (kind: string, options = ''): string => `
  import { ThreadPool } from 'thread-system';
  const pool = new ThreadPool({ maxWorkers: 1, kind: '${kind}', ${options} });`;

describe.each(['thread', 'process'])('what is written without a final newline, in a pool of kind %s,', (kind) => {
  test.each([
    ['exits', 'process.exit(0);'],
    ['ends by itself', ''],
    ['shuts its pool down and exits', 'await pool.shutdown(); process.exit(0);'],
    ['ends its pool at once', "await pool.shutdown({ mode: 'abort' });"],
    ['throws', "throw new Error('the end');"],
  ])('is printed where the program awaits the job and %s', async (_, end) => {
    const { stdout, stderr } = await runProgram(`${pool(kind)}
      await pool.submit(() => { process.stdout.write('to stdout'); process.stderr.write('to stderr, '); });
      ${end}`);
    expect(stdout).toBe('to stdout');
    expect(stderr).toMatch(/^to stderr, /);
  });

  test('is printed before its job settles, however that ends', async () => {
    const { stdout } = await runProgram(`${pool(kind)}
      const tell = (job) => job.then(() => process.stdout.write('|'), () => process.stdout.write('!'));
      await tell(pool.submit(() => { process.stdout.write('returned'); }));
      await tell(pool.submit(() => { process.stdout.write('threw'); throw new Error(); }));
      await tell(pool.submit(async () => { await null; process.stdout.write('resolved'); }));
      await tell(pool.submit(function* () { process.stdout.write('yielded'); yield 1; }));
      await tell(pool.submit(() => { process.stdout.write('exited'); process.exit(3); }));
      await tell(pool.submit(() => { process.stdout.write(Buffer.from('by')); process.stdout.write(Buffer.from('tes')); }));
      await tell(pool.submit(() => { for (const text of ['two\\nli', 'nes']) process.stdout.write(text); }));`);
    expect(stdout).toBe('returned|threw!resolved|yielded|exited!bytes|two\nlines|');
  });

  test('is printed where the job does not stop and its worker is ended', async () => {
    const { stdout } = await runProgram(`${pool(kind, 'graceMs: 100')}
      const words = new Int32Array(new SharedArrayBuffer(4));
      const job = pool.submit(() => { process.stdout.write('asked'); process.stderr.write('begun\\n'); for (;;); });
      const begun = new Promise((resolve) => { process.stderr.write = resolve; });
      await begun;
      job.cancel();
      await job.catch(() => process.stdout.write(', ended'));`);
    expect(stdout).toBe('asked, ended');
  });

  test('is printed where the program exits while the job runs', async () => {
    const { stdout } = await runProgram(`${pool(kind)}
      const begun = new Promise((resolve) => { process.stderr.write = resolve; });
      pool.submit(() => { process.stdout.write('half a line'); process.stderr.write('begun\\n'); for (;;); });
      await begun;
      process.exit(0);`);
    expect(stdout).toBe('half a line');
  });

  test('is printed of what is no job: setup, broadcast, teardown', async () => {
    const { stdout } = await runProgram(`${pool(
      kind,
      `setup: () => { process.stdout.write('setup '); console.log('line'); process.stdout.write('begun'); },
       teardown: async () => { await null; process.stdout.write('end'); console.log('ed'); process.stdout.write('torn down'); },`,
    )}
      await pool.submit(() => process.stdout.write(' job'));
      await pool.broadcast(() => { process.stdout.write(' broadcast'); });
      process.stdout.write('|');
      await pool.shutdown();
      process.stdout.write('|');
      process.exit(0);`);
    expect(stdout).toBe('setup line\nbegun job broadcast|ended\ntorn down|');
  });

  test('is complete, and in its place, also where it is far more than there is room for', async () => {
    const { stdout } = await runProgram(`${pool(kind)}
      let text = '';
      process.stdout.write = (chunk) => { text += chunk; return true; };
      await pool.submit(() => { for (let i = 0; i < 20_000; i++) process.stdout.write(i + ','); });
      const isWhole = text === Array.from({ length: 20_000 }, (_, i) => i + ',').join('');
      delete process.stdout.write;
      process.stdout.write(String(isWhole));
      process.exit(0);`);
    expect(stdout).toBe('true');
  });
});

/** What a job may do to the streams of its thread. */
const SILENCERS: readonly (readonly [what: string, code: string])[] = [
  ['ends a stream', 'process.stdout.end(); process.stderr.end();'],
  ['ends it with a text', "process.stdout.end('last words\\n', () => console.log('ended'));"],
  ['destroys it', 'process.stdout.destroy(); process.stderr.destroy();'],
  ['destroys it by an error', "process.stdout.destroy(new Error('no')); process.stderr.destroy(new Error('no'));"],
  ['corks it', 'process.stdout.cork(); process.stderr.cork();'],
];

describe.each(['thread', 'process'])('a job does not silence those after it, in a pool of kind %s,', (kind) => {
  /** What a program prints that has a pool for each, after it has ended a page of both streams. */
  let pages: { readonly stdout: readonly string[]; readonly stderr: readonly string[] };
  beforeAll(async () => {
    const { stdout, stderr } = await runProgram(`
      import { ThreadPool } from 'thread-system';
      // one after the other without a turn of the event loop between them, then after one
      const print = () => { console.log('out'); console.error('err'); };
      for (const silence of [${SILENCERS.map(([, code]) => `() => { ${code} }`).join()}]) {
        const pool = new ThreadPool({ maxWorkers: 1, kind: '${kind}' });
        await Promise.all([pool.submit(silence), pool.submit(print)]);
        await pool.submit(print);
        await pool.shutdown();
        process.stdout.write('\\f');
        process.stderr.write('\\f');
      }`);
    pages = { stdout: stdout.split('\f'), stderr: stderr.split('\f') };
  });

  test.each(SILENCERS.map(([what], i) => [what, i] as const))('when it %s', (_, i) => {
    expect(pages.stdout[i]?.replace(/^last words\n/, '').replace('ended\n', '')).toBe('out\nout\n');
    expect(pages.stderr[i]).toBe('err\nerr\n');
  });

  test('when it pipes into it, and hears that all has been written', async () => {
    const { stdout, stderr } = await runProgram(`${pool(kind)}
      await pool.submit(async () => {
        const { Readable } = process.getBuiltinModule('node:stream');
        const { pipeline } = process.getBuiltinModule('node:stream/promises');
        await pipeline(Readable.from(['a', 'b\\n']), process.stdout);
        await pipeline(async function* () { yield 'c\\n'; }, process.stderr);
        const broken = async function* () { yield 'd\\n'; throw new Error('broken'); };
        await pipeline(broken, process.stdout).catch(({ message }) => console.log(message));
        await new Promise((resolve) => Readable.from(['e\\n']).pipe(process.stdout).once('unpipe', resolve));
      });
      await pool.submit(() => { console.log('out'); console.error('err'); });`);
    expect({ stdout, stderr }).toEqual({ stdout: 'ab\nd\nbroken\ne\nout\n', stderr: 'c\nerr\n' });
  });
});
