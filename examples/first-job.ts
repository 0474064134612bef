// The smallest program: run a function on another thread and await it.
import { ThreadPool } from 'thread-system';

// `await using` shuts the pool down at the end of the block, whatever happens in it.
await using pool = new ThreadPool({ maxWorkers: 2 });

// The function is sent as source text: it sees its arguments and globals, but no variables around it.
const job = pool.submit((x: number, y: number) => x + y, [5, 10]);
console.log(job.state); // nothing has run yet: submit() returns at once

console.log(await job); // a Job is awaitable, and typed: this is a number
console.log(job.state);
console.log(job.result); // once COMPLETED, the result can also be read synchronously
