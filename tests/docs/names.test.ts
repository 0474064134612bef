import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { type Page, readPages, root } from './markdown.ts';

const source = (path: string): string => readFileSync(join(root, 'src', path), 'utf8');
const pages = readPages().filter((page) => page.path.startsWith('docs'));
const page = (name: string): Page | undefined => pages.find(({ path }) => path === join('docs', name));

/** The names that none of the pages has in its code, inline or in a block. */
function missing(names: readonly string[], where: readonly (Page | undefined)[]): string[] {
  const code = where.flatMap((each) => [
    ...(each?.blocks ?? []).map((block) => block.text),
    ...(each?.text.match(/`[^`\n]+`/g) ?? []),
  ]);
  return names.filter((name) => !code.some((text) => new RegExp(`\\b${name}\\b`).test(text)));
}

/** The names that a surface exports, types too. */
function exportsOf(path: string): string[] {
  const lists = [...source(path).matchAll(/^export (?:type )?\{([^}]*)\}/gm)].map((match) => match[1] ?? '');
  return lists.flatMap((list) => [...list.matchAll(/(?:type )?(\w+)/g)].map((match) => match[1] ?? ''));
}

/** The members of an interface. */
function membersOf(path: string, name: string): string[] {
  const body =
    new RegExp(`export interface ${name}(?:<.*>)?(?: extends \\w+)? \\{\n([^]*?)\n\\}`).exec(source(path))?.[1] ?? '';
  return [...body.matchAll(/^ {2}(?:readonly )?(\w+)\??(?=[:(])/gm)].map((match) => match[1] ?? '');
}

test.each(['index.ts', 'worker.ts', 'metrics.ts', 'otel.ts', 'cluster.ts', 'dashboard.ts'])(
  'every name that src/%s exports is in docs/',
  (path) => {
    const names = exportsOf(path).filter((name) => name !== 'type');
    expect(names.length).toBeGreaterThan(3);
    expect(missing(names, pages)).toEqual([]);
  },
);

test.each([
  ['ThreadPoolOptions', 'core/options/options.ts'],
  ['ThreadOptions', 'core/options/thread-options.ts'],
  ['JobOptions', 'jobs/job-options.ts'],
  ['ShutdownOptions', 'core/options/shutdown-options.ts'],
  ['PoolEvents', 'core/events.ts'],
  ['PoolMetrics', 'metrics/pool-metrics.ts'],
  ['TaskMetrics', 'metrics/pool-metrics.ts'],
  ['WorkerMetrics', 'metrics/pool-metrics.ts'],
  ['Distribution', 'metrics/distribution.ts'],
  ['CurrentJob', 'contract/current-job.ts'],
])('every member of %s is in docs/concepts.md', (name, path) => {
  const members = membersOf(path, name);
  expect(members.length).toBeGreaterThan(1);
  expect(missing(members, [page('concepts.md')])).toEqual([]);
});

test('every option of a wait is in docs/synchronisation.md', () => {
  const members = membersOf('sync/waiting/wait.ts', 'WaitOptions');
  expect(members.length).toBeGreaterThan(1);
  expect(missing(members, [page('synchronisation.md')])).toEqual([]);
});

test.each([
  ['Job', 'jobs/job.ts', 'concepts.md'],
  ['ThreadPool', 'core/pool.ts', 'concepts.md'],
  ['CancellationToken', 'sync/cancellation-token.ts', 'cancellation.md'],
  ['Signal', 'sync/signal.ts', 'synchronisation.md'],
  ['Semaphore', 'sync/semaphore.ts', 'synchronisation.md'],
  ['Mutex', 'sync/mutex.ts', 'synchronisation.md'],
  ['Barrier', 'sync/barrier.ts', 'synchronisation.md'],
])('every public member of %s is in its page', (name, path, where) => {
  const [, body = ''] = new RegExp(`export class ${name}\\b[^]*?\\{\n([^]*?)\n\\}\n`).exec(source(path)) ?? [];
  // what has @internal in the comment above it is private
  const lines = body.split('\n');
  const members = lines.flatMap((line, index) => {
    const member = /^ {2}(?:static )?(?:get |readonly )?(\w+)(?:<.*>)?[(:]/.exec(line)?.[1];
    const comment =
      lines
        .slice(0, index)
        .join('\n')
        .split(/\n\s*\n|;\n|\}\n/)
        .at(-1) ?? '';
    return member === undefined || member === 'constructor' || comment.includes('@internal') ? [] : [member];
  });
  expect(members.length).toBeGreaterThan(3);
  expect(missing(members, [page(where)])).toEqual([]);
});

test('every error class and its code is in docs/errors.md', () => {
  const classes = [...source('errors.ts').matchAll(/class (\w+Error) extends/g)].map((match) => match[1] ?? '');
  const codes = [...source('errors.ts').matchAll(/'(ERR_\w+)'/g)].map((match) => match[1] ?? '');
  expect(codes.length).toBeGreaterThan(3);
  expect(missing([...classes, ...codes], [page('errors.md')])).toEqual([]);
});

test('every invariant that the code cites is worded in docs/architecture.md', () => {
  const files = readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' }).filter((name) =>
    name.endsWith('.ts'),
  );
  const cited = new Set(files.flatMap((file) => source(file).match(/\bI\d+\b/g) ?? []));
  const worded = new Set(
    [...(page('architecture.md')?.text.matchAll(/^\| \*\*(I\d+)\*\* \|/gm) ?? [])].map((match) => match[1]),
  );
  expect([...cited].filter((name) => !worded.has(name))).toEqual([]);
  expect(worded.size).toBe(10);
});
