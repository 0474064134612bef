// Which line submitted the failed job: the stack of its error shows only the task's frames, unless `submitStacks` is set.
import { ThreadPool } from 'thread-system';

async function main(): Promise<void> {
  await using usual = new ThreadPool({ maxWorkers: 1 });
  await show(makeTitle(usual));

  await using searching = new ThreadPool({ maxWorkers: 1, submitStacks: true }); // costs a stack trace for each job
  await show(makeTitle(searching));
}

function makeTitle(pool: ThreadPool): PromiseLike<string> {
  return pool.submit((times: number) => 'ha'.repeat(times), [-1], { name: 'title' });
}

/** The lines of the error's stack, where they stand left out: first the task's, then that of the job, then ours. */
async function show(title: PromiseLike<string>): Promise<void> {
  try {
    await title;
  } catch (error) {
    const lines = error instanceof Error && error.stack !== undefined ? error.stack.split('\n') : [];
    const names = lines.map((line) => line.replace(/ \(.*\)$/, '').trim());
    const submitted = names.findIndex((line) => line.startsWith('---'));
    console.log(names.slice(0, 2).join('\n'));
    if (submitted >= 0) console.log(names.slice(submitted, submitted + 3).join('\n'));
  }
}

await main();
