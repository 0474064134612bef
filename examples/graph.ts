// Calls that need each other's results: each runs as soon as its inputs are there.
import { JobGraph, ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 2 });

// 1. `output` stands for a result, at any depth of the arguments; its type is checked.
const graph = new JobGraph();
const page = graph.add('fetch', tasks.fetchFlaky, ['/index', 2], {
  fallback: (path: string) => `old copy of ${path}`,
});
const hash = graph.add('hash', tasks.sha256, [page.output]);
const size = graph.add('measure', (text: string) => text.length, [page.output]);
const report = graph.add(
  'report',
  (parts: { hash: string; size: number }) => `${parts.size} ${parts.hash.slice(0, 8)}`,
  [{ hash: hash.output, size: size.output }],
);
await graph.run(pool);
console.log(report.job?.result);

// 2. A cycle throws at once.
try {
  graph.connect(report, page);
} catch (error) {
  console.log(String(error));
}

// 3. If one fails, those that do not depend on it still run.
const build = new JobGraph({ onFailure: 'skipDependents' });
const compile = build.add('compile', (): string => {
  throw new SyntaxError('line 3');
});
const test = build.add('test', (program: string) => `${program} works`, [compile.output]);
const lint = build.add('lint', () => 'clean');
await build.run(pool).catch((error) => console.log(String(error)));
console.log(test.job?.state, '-', lint.job?.result);

// 4. A drawing for Markdown; toDot() makes one for Graphviz.
console.log(build.toMermaid());
