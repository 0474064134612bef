// What can go wrong, and how it shows: a job rejects with what its task threw, or with the reason why it did not run to its
// end.
import { registerErrorClass, ThreadPool, ThreadSystemError, taskModule } from 'thread-system';
import { HttpError } from './http-error.js';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
registerErrorClass(HttpError); // so that one thrown by a task arrives as an instance of this class

const pool = new ThreadPool({ maxWorkers: 1 });

// What a task throws arrives as it was: class, message, own properties, cause.
await show(pool.submit((times: number) => 'ha'.repeat(times), [-1]));
await show(pool.submit(tasks.fetchPage, ['/missing']));

// Each of the library's own errors has a `code`.
const outside = 42;
await show(pool.submit(() => outside + 1)); // a closure: a ReferenceError that says what to do
await show(pool.submit(taskModule<{ sha1(): string }>(new URL('./tasks.js', import.meta.url)).sha1));
await show(pool.submit((options: object) => options, [{ onDone: () => {} }]));
await show(pool.submit(() => ({ close: () => {} })));
await show(pool.submit(() => process.exit(3)));
const unwanted = pool.submit(() => {});
unwanted.cancel('not wanted after all');
await show(unwanted);

await pool.shutdown();
await show(() => pool.submit(() => {})); // misuse throws at the call

async function show(work: PromiseLike<unknown> | (() => unknown)): Promise<void> {
  try {
    await (typeof work === 'function' ? work() : work);
  } catch (error) {
    if (error instanceof ThreadSystemError) console.log(`${error.name} ${error.code}: ${error.message}`);
    else if (error instanceof HttpError) console.log(`${error.name} ${error.status}: ${error.message}`);
    else console.log(String(error));
  }
}
