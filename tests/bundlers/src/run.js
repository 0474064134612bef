import { ThreadPool } from 'thread-system';

/** Prints what pools of each kind make of inline functions and of a task module. */
export async function run(tasks, { kinds = ['thread', 'process', 'inline'], print = console.log } = {}) {
  for (const kind of kinds) {
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
    print(kind, ...(await inline), await generator, await fromModule);
    await pool.shutdown();
  }
}
