import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from '@jest/globals';
import { TempFolder } from './temp-folder.ts';

// Node itself never takes dist/cjs (see "module-sync" in package.json), Jest without its ESM mode does: so by path here.
const load = (name: string): string =>
  `require(${JSON.stringify(fileURLToPath(new URL(`../../dist/cjs/${name}.js`, import.meta.url)))})`;

test('the CommonJS build runs a job', async () => {
  await using folder = await TempFolder.make();
  await writeFile(
    folder.file('program.cjs'),
    `const { ThreadPool } = ${load('index')};
     const pool = new ThreadPool({ maxWorkers: 1 });
     pool.submit((x, y) => x + y, [5, 10]).then(async (sum) => {
       console.log(sum);
       await pool.shutdown();
     });`,
  );
  expect(await folder.node('program.cjs')).toBe('15\n');
});

test('the surfaces of the CommonJS build share their classes', async () => {
  await using folder = await TempFolder.make();
  await writeFile(
    folder.file('program.cjs'),
    `const library = ${load('index')};
     const worker = ${load('worker')};
     const shared = Object.keys(worker).filter((name) => name in library);
     console.log(shared.includes('CancellationToken'), shared.every((name) => worker[name] === library[name]));`,
  );
  expect(await folder.node('program.cjs')).toBe('true true\n');
});
