// Runs the README's tour with the packed library, as it is written there, by each way to run TypeScript; checks what stacks and
// errors of TypeScript tasks show; and compiles the library's types under each supported version of TypeScript.
// Usage: node scripts/typescript.mjs [path of a Node executable]...   (default: the running one)
import { execFile } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';
import { installProject, root } from './packed.mjs';

const exec = promisify(execFile);
const folder = mkdtempSync(join(tmpdir(), 'thread-system-typescript-'));
const nodes = process.argv.length > 2 ? process.argv.slice(2) : [process.execPath];
const LONGEST_MS = 120_000;

const bins = {
  tsc: 'typescript',
  'tsc 5.6': 'typescript-5.6',
  'tsc 5.9': 'typescript-5.9',
  'tsc 7.0': 'typescript-7.0',
};
const tscOf = (name) => join(folder, 'node_modules', name, 'bin/tsc');

/** What Node is given to run a program, by runner. */
const runners = {
  'ts-node': (file, ...more) => ['--no-warnings', '--loader', 'ts-node/esm', file, ...more],
  'ts-node, transpile only': (file, ...more) => [
    '--no-warnings',
    '--loader',
    'ts-node/esm/transpile-only',
    file,
    ...more,
  ],
  tsx: (file, ...more) => ['node_modules/tsx/dist/cli.mjs', file, ...more],
  'node --import tsx': (file, ...more) => ['--import', 'tsx', file, ...more],
  node: (file, ...more) => ['--no-warnings', file, ...more],
};

/** What each task module must show, by what its stack or message has. */
const STACKS = {
  'erasable.ts': [/tasks\/erasable\.ts:6:9\)?$/m],
  'erasable.js': [/tasks\/erasable\.ts:6:9\)?$/m],
  'with-enum.ts': [/tasks\/with-enum\.ts:11:9\)?$/m],
  'with-import.js': [/tasks\/erasable\.ts:6:9\)?$/m, /tasks\/with-import\.ts:8:10\)?$/m],
  'broken.ts': [/broken\.ts[:(]6[:,]\d+/, /stacks\.ts:\d+:\d+\)?$/m],
  'broken.mjs': [/\(file:\S+\/broken\.mjs:2:12\)$/m, /stacks\.ts:\d+:\d+\)?$/m],
  'imports-broken.mjs': [/\(file:\S+\/broken\.mjs:2:12\)$/m],
  'broken.cjs': [/broken\.cjs:2\)$/m],
  'missing.js': [
    /looked for \S+missing\.js, \S+missing\.ts, \S+missing\.tsx; \S+ has missing\.cjs$/m,
    /stacks\.ts:\d+:\d+\)?$/m,
  ],
};
/** What no name in a stack may have. */
const QUERY = /[?#]thread-system/;

function install() {
  installProject('typescript', folder);
  const tasks = join(folder, 'tasks');
  for (const file of readdirSync(tasks).filter((name) => name.endsWith('.txt')))
    copyFileSync(join(tasks, file), join(tasks, basename(file, '.txt')));
  writeFileSync(join(tasks, 'broken.cjs'), '\nexports.fail = 1 1;\n');
  writeFileSync(join(tasks, 'missing.cjs'), '');
}

/** Writes the two files of the README's tour. @returns what the program must print. */
function writeTour() {
  const readme = readFileSync(join(root, 'README.md'), 'utf8');
  const [, tour] = readme.split("## A minute's tour");
  const [tasks, ...program] = [...tour.split('\n## ')[0].matchAll(/^```ts.*\n([\s\S]*?)^```/gm)].map(
    ([, code]) => code,
  );
  writeFileSync(join(folder, 'tasks.ts'), tasks);
  writeFileSync(join(folder, 'tour.ts'), program.join('\n'));
  return [...program.join('\n').matchAll(/\/\/ prints (.*)$/gm)].map(([, line]) => `${line}\n`).join('');
}

async function run(node, args) {
  const env = { ...process.env, NODE_OPTIONS: '', NO_COLOR: '1' };
  try {
    return (await exec(node, args, { cwd: folder, env, timeout: LONGEST_MS, maxBuffer: 64 * 1024 * 1024 })).stdout;
  } catch (error) {
    throw new Error(`${args.join(' ')} failed: ${error.stdout}\n${error.stderr}`);
  }
}

async function checkTour(node, args, expected) {
  const printed = await run(node, args);
  if (printed !== expected) throw new Error(`printed\n${printed}instead of\n${expected}`);
}

async function checkStacks(node, runner) {
  const lines = (await run(node, runner('stacks.ts', ...Object.keys(STACKS)))).trim().split('\n');
  const faults = Object.entries(STACKS).flatMap(([file, patterns]) => {
    const { stack = 'nothing' } = lines.map((line) => JSON.parse(line)).find((line) => line.file === file) ?? {};
    const missing = patterns.filter((pattern) => !pattern.test(stack));
    return missing.length > 0 || QUERY.test(stack) ? [`${file}: ${missing.join(', ')} in\n${stack}`] : [];
  });
  if (faults.length > 0) throw new Error(faults.join('\n\n'));
}

/** Compiles types.mts, and as CommonJS, under each way to resolve modules that a version has. */
async function checkTypes(name) {
  const version = Number(
    JSON.parse(readFileSync(join(folder, 'node_modules', name, 'package.json'), 'utf8')).version.split('.')[0],
  );
  const source = readFileSync(join(folder, 'types.mts'), 'utf8');
  for (const file of ['commonjs/types.ts', 'types.cts']) {
    mkdirSync(join(folder, 'commonjs'), { recursive: true });
    writeFileSync(join(folder, file), source);
  }
  writeFileSync(join(folder, 'commonjs/package.json'), '{}\n');
  const ways = [
    { module: 'nodenext', files: ['types.mts', 'types.cts'] },
    { module: 'esnext', moduleResolution: 'bundler', files: ['types.mts'] },
    ...(version < 7
      ? [
          {
            module: 'commonjs',
            moduleResolution: 'node10',
            files: ['commonjs/types.ts'],
            ...(version === 6 && { ignoreDeprecations: '6.0' }),
          },
        ]
      : []),
  ];
  for (const { files, ...way } of ways) {
    const config = join(folder, 'tsconfig.types.json');
    const strict = {
      strict: true,
      exactOptionalPropertyTypes: true,
      noUncheckedIndexedAccess: true,
      skipLibCheck: false,
    };
    const compilerOptions = { ...way, ...strict, target: 'es2022', lib: ['es2022'], types: ['node'], noEmit: true };
    writeFileSync(config, JSON.stringify({ compilerOptions, files }));
    await run(process.execPath, [tscOf(name), '--project', config]);
  }
}

const failed = [];
async function step(name, check) {
  const begunAt = Date.now();
  try {
    await check();
    console.log(`ok     ${name}, ${((Date.now() - begunAt) / 1000).toFixed(1)} s`);
  } catch (error) {
    failed.push(name);
    console.log(`FAILED ${name}\n${error.message}`);
  }
}

try {
  install();
  const expected = writeTour();
  for (const [name, bin] of Object.entries(bins)) {
    await step(`types, ${name}`, () => checkTypes(bin));
    await step(`the tour, ${name}`, async () => {
      await run(process.execPath, [tscOf(bin)]);
      for (const node of nodes) await checkTour(node, ['out/tour.js'], expected);
    });
  }
  for (const node of nodes) {
    const version = (await run(node, ['--print', 'process.version'])).trim();
    const strips = (await run(node, ['--print', 'Boolean(process.features.typescript)'])).trim() === 'true';
    for (const [name, runner] of Object.entries(runners)) {
      if (name === 'node' && !strips) continue;
      await step(`the tour, ${name}, Node ${version}`, () => checkTour(node, runner('tour.ts'), expected));
      // ts-node reports nothing readable of a module that does not compile
      if (name !== 'ts-node') await step(`stacks, ${name}, Node ${version}`, () => checkStacks(node, runner));
    }
  }
  if (failed.length > 0) throw new Error(`Failed: ${failed.join('; ')}`);
} catch (error) {
  console.error(String(error));
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
