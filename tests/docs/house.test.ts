import { readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { expect, test } from '@jest/globals';
import { root } from './markdown.ts';

const src = join(root, 'src');
const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('.ts'))
  .map((path) => ({ path, text: readFileSync(join(src, path), 'utf8') }));

const MOST_LINES = 400;
const MOST_FILES = 24;

test('a file of src/ holds one concept, and a folder is read at a glance: neither is large', () => {
  const lines = files.map(({ path, text }) => ({ path, count: text.trimEnd().split('\n').length }));
  const sizes = new Map<string, number>();
  for (const { path } of files) sizes.set(dirname(path), (sizes.get(dirname(path)) ?? 0) + 1);
  expect(sizes.size).toBeGreaterThan(10);
  expect(lines.filter(({ count }) => count > MOST_LINES)).toEqual([]);
  expect([...sizes].filter(([, count]) => count > MOST_FILES)).toEqual([]);
});

/** Errors of these classes that are no checks of an argument: the file, and how the message begins. */
const NO_CHECKS = [
  'base/stack-room.ts: The stack is nearly full',
  'compose/map/job-map.ts: Cannot await a map that is iterated over',
  'compose/map/job-map.ts: Cannot iterate over a map that was awaited',
  'core/pool.ts: Cannot submit job',
  'core/thread.ts: Cannot make a thread',
  'core/workers/worker-set.ts: pools can be nested at most',
  'sync/sharing/shared-object.ts: It is shared memory',
  'sync/signal.ts: Cannot make a signal go',
  'sync/waiting/wait-queue.ts: Cannot wait: more than',
  'sync/waiting/wait.ts: Cannot block the main thread',
  'sync/waiting/wakeup.ts: Cannot start a worker: a process has at most',
  'wire/message/clone-fault.ts: message',
];

test('errors for arguments are made in src/base/check alone', () => {
  const made = files.flatMap(({ path, text }) =>
    [...text.matchAll(/\b(?:Type|Range)Error\(\s*['"`]?(.*)/g)].map((match) => `${path}: ${match[1]}`),
  );
  const isCheck = (error: string): boolean => error.startsWith('base/check/');
  expect(made.filter(isCheck).length).toBeGreaterThan(0);
  const others = made.filter((error) => !isCheck(error));
  expect(others.map((error) => NO_CHECKS.find((known) => error.startsWith(known)) ?? error).sort()).toEqual(NO_CHECKS);
});

test('registered symbols carry the version, by src/base/version.ts', () => {
  const keys = files.flatMap(({ path, text }) =>
    [...text.matchAll(/Symbol\.for\(([^\n]*?)\)/g)].map((match) => ({ path, key: match[1] ?? '' })),
  );
  expect(keys.length).toBeGreaterThan(10);
  const others = keys.filter(({ key }) => !/^of(?:This|All)Versions?\(/.test(key));
  expect([...new Set(others.map(({ key }) => key))]).toEqual(["'ts-node.register.instance'"]);
});

test('each file of src/ is under one of the import rules of the linter', () => {
  const { overrides } = JSON.parse(readFileSync(join(root, 'biome.json'), 'utf8')) as {
    overrides: { includes: string[]; linter: { rules: { style?: { noRestrictedImports?: object } } } }[];
  };
  const rules = overrides
    .filter(({ linter }) => linter.rules.style?.noRestrictedImports !== undefined)
    .map(({ includes }) => includes.map(patternOf));
  const rulesOf = (path: string): number =>
    rules.filter((patterns) => patterns.some((pattern) => pattern.test(`src/${path}`))).length;
  expect(files.filter(({ path }) => rulesOf(path) !== 1).map(({ path }) => path)).toEqual([]);
});

/** The regular expression of a glob: `*` is a name, or a part of one, and `**` any path. */
function patternOf(glob: string): RegExp {
  const text = glob.replaceAll('.', '\\.').replace(/\*\*|\*/g, (stars) => (stars === '*' ? '[^/]*' : '.*'));
  return new RegExp(`^${text}$`);
}

const pages = readdirSync(src, { recursive: true, encoding: 'utf8' })
  .filter((path) => path.endsWith('README.md'))
  .map((path) => ({ folder: dirname(path), text: readFileSync(join(src, path), 'utf8') }));
const hasList = ({ text }: { text: string }): boolean => text.includes('| file | look here for |');
const lists = pages.filter(hasList);

/** The folder whose README lists a file: the nearest that has a list. */
const listOf = (path: string): string | undefined =>
  lists
    .map(({ folder }) => folder)
    .filter((folder) => path.startsWith(`${folder}/`))
    .sort((a, b) => b.length - a.length)[0];

test.each(lists)('the README of src/$folder lists each of its files, and no other', ({ folder, text }) => {
  const listed = [...text.matchAll(/^\| (`[^|]*\.ts`[^|]*) \|/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([\w-]+\.ts)`/g)].map((match) => match[1] ?? ''),
  );
  const there = files.filter(({ path }) => listOf(path) === folder).map(({ path }) => basename(path));
  expect(listed.sort()).toEqual(there.sort());
});

test('the README of each folder has a list of its files, but for those that are about something else', () => {
  const others = pages.filter((page) => !hasList(page)).map(({ folder }) => folder);
  expect(others.sort()).toEqual(['.', 'wire/lane']);
});
