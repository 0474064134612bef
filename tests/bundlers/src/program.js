// What each bundler is given, as users write it: no top-level await, as a CommonJS bundle could not hold it.
import { ThreadPool, taskModule } from 'thread-system';

// webpack and rspack would otherwise copy the file as it is, under another name
const tasks = taskModule(new URL(/* webpackIgnore: true */ './tasks.js', import.meta.url));

async function run(kind) {
  const pool = new ThreadPool({ kind, maxWorkers: 2 });
  const inline = pool.submit(
    (list) => {
      const isEven = (x) => x % 2 === 0;
      function half(x) {
        return x / 2;
      }
      return list.filter(isEven).map(half);
    },
    [[2, 3, 4]],
  );
  const generator = pool.submit(function* () {
    yield 'a step';
    return this.attempt;
  });
  const fromModule = pool.submit(tasks.nameOfJob, ['job'], { name: 'mine' });
  console.log(kind, ...(await inline), await generator, await fromModule);
  await pool.shutdown();
}

async function main() {
  for (const kind of ['thread', 'process', 'inline']) await run(kind);
}

void main();
