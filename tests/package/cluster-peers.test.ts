import { cp, mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { TempFolder } from './temp-folder.ts';

const at = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

test.each(['module', 'commonjs'] as const)(
  'without bullmq and ioredis the package works, and the cluster says what to install: %s',
  async (type) => {
    await using folder = await TempFolder.make();
    const own = folder.file('node_modules/thread-system');
    await mkdir(own, { recursive: true });
    await cp(at('dist'), `${own}/dist`, { recursive: true });
    await cp(at('package.json'), `${own}/package.json`);
    await cp(at('node_modules/croner'), folder.file('node_modules/croner'), { recursive: true });
    const load =
      type === 'module' ? (name: string) => `await import('${name}')` : (name: string) => `require('${name}')`;
    const program = `(async () => {
      const { ThreadPool } = ${load('thread-system')};
      const { ClusterPool, ClusterHost } = ${load('thread-system/cluster')};
      const pool = new ThreadPool({ maxWorkers: 1 });
      console.log(await pool.submit((x) => 2 * x, [21]));
      for (const make of [() => new ClusterPool({ connection: 'redis://x', queue: 'q' }),
                          () => new ClusterHost({ connection: 'redis://x', queue: 'q', tasks: { f: () => 1 }, pool })]) {
        try { make(); } catch (error) { console.log(error.constructor === TypeError, error.message); }
      }
      await pool.shutdown();
    })();`;
    const name = type === 'module' ? 'program.mjs' : 'program.cjs';
    await writeFile(folder.file(name), program);
    const what = 'thread-system/cluster needs two packages: npm install bullmq ioredis';
    expect((await folder.node(name)).split('\n')).toEqual([
      '42',
      `true Cannot create cluster pool: ${what}`,
      `true Cannot create cluster host: ${what}`,
      '',
    ]);
  },
);
