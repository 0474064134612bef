import { execFile } from 'node:child_process';
import { cp, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { TempFolder } from './temp-folder.ts';

const exec = promisify(execFile);
const require = createRequire(import.meta.url);
const root = fileURLToPath(new URL('../../', import.meta.url));

/** A project that has the packed library, its dependency and the types of Node. */
let project: TempFolder;

beforeAll(async () => {
  project = await TempFolder.make();
  await cp(fileURLToPath(new URL('./fixtures', import.meta.url)), project.path, { recursive: true });
  const modules = project.file('node_modules');
  await mkdir(modules);
  const packed = await exec('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', project.path], {
    cwd: root,
    shell: process.platform === 'win32',
  });
  const [{ filename }] = JSON.parse(packed.stdout) as [{ filename: string }];
  await exec('tar', ['-xzf', project.file(filename), '-C', modules]);
  await rename(join(modules, 'package'), join(modules, 'thread-system'));
  await mkdir(join(modules, '@types'));
  for (const name of ['croner', '@types/node']) {
    await symlink(join(root, 'node_modules', name), join(modules, name), 'junction');
  }
});
afterAll(() => project[Symbol.asyncDispose]());

/** What tsc says of one file of the project: '' when it compiles. */
async function typeErrors(file: string): Promise<string> {
  const config = project.file(`tsconfig.${file}.json`);
  await writeFile(config, JSON.stringify({ extends: './tsconfig.json', files: [file] }));
  try {
    return await project.node(require.resolve('typescript/lib/tsc.js'), '--project', config, '--pretty', 'false');
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

test('an ES module that uses the packed library compiles', async () => {
  expect(await typeErrors('consumer.mts')).toBe('');
});

test('a CommonJS module that uses the packed library compiles', async () => {
  expect(await typeErrors('consumer.cts')).toBe('');
});

test('a call with a wrong argument does not compile', async () => {
  expect(await typeErrors('wrong-argument.mts')).toMatch(
    /^wrong-argument\.mts\(4,\d+\): error TS2322: Type 'string' is not assignable to type 'number'\.$/m,
  );
});
