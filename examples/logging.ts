// What is logged for the operator of the program, by `console`, a pino logger, or one of your own.
import { type Logger, registerErrorClass, ThreadPool, taskModule } from 'thread-system';
import { HttpError } from './http-error.js';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));
registerErrorClass(HttpError);

const logger: Logger = {
  debug() {}, // each worker that starts, is ready, or ends
  info: (text) => console.log('INFO ', text), // retries, the shutdown
  warn: (text) => console.log('WARN ', text), // jobs that fail, threads that had to be replaced, a full queue
  error: (text) => console.log('ERROR', text), // threads that die or cannot start, errors that nobody catches
};
const pool = new ThreadPool({ maxWorkers: 1, name: 'mill', graceMs: 50, logger });

const retry = { maxAttempts: 2, delayMs: 10, backoff: 'fixed' } as const;
await pool.submit(tasks.fetchFlaky, ['/down', 9], { retry }).catch(() => {});
await pool.submit(tasks.countWithoutAsking, [], { timeoutMs: 50 }).catch(() => {});
await pool.submit(() => process.exit(3), [], { name: 'rude' }).catch(() => {});
console.log(await pool.submit((n: number) => n * n, [7])); // logs nothing, as it succeeds
