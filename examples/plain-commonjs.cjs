// Plain JavaScript in CommonJS: no compiler, no types, the same library. Run it with `node examples/plain-commonjs.cjs`.
const { ThreadPool, JobPriority, taskModule } = require('thread-system');

const tasks = taskModule(require.resolve('./plain-commonjs-tasks.cjs'));

async function main() {
  const pool = new ThreadPool({ maxWorkers: 2 });

  const sum = pool.submit((x, y) => x + y, [5, 10], { priority: JobPriority.HIGH });
  console.log(await sum, sum.state);

  const text = 'the quick brown fox jumps over the lazy dog the end';
  const counts = await pool.submit(tasks.countWords, [text]); // a Map arrives as a Map
  console.log(counts.get('the'), 'of', counts.size, 'words');

  await pool.shutdown(); // optional: a pool whose jobs have all settled does not keep the process alive
}

void main();
