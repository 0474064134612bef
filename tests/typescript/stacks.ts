// Prints where tasks that fail say they have failed.
import { ThreadPool, taskModule } from 'thread-system';

type Failing = { fail(fault: { readonly text: string }): void };

const pool = new ThreadPool({ maxWorkers: 1 });
for (const file of process.argv.slice(2)) {
  const { fail } = taskModule<Failing>(new URL(`./tasks/${file}`, import.meta.url));
  try {
    await pool.submit(fail, [{ text: 'no' }]);
  } catch (error) {
    const { message, stack = '' } = error as Error;
    console.log(JSON.stringify({ file, message, stack }));
  }
}
await pool.shutdown();
