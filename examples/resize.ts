// A pool that grows and shrinks while it works: no job is lost, and no running job is stopped.
import { ThreadPool } from 'thread-system';

await using pool = new ThreadPool({ maxWorkers: 1 });
const gate = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
// Each job runs until the gate opens, so that the output is the same on every machine.
const hold = (held: Int32Array): void => void Atomics.wait(held, 0, 0);

let begun = 0;
let changed = (): void => {};
pool.on('jobStarted', () => {
  begun++;
  changed();
});
pool.on('workerExited', () => changed());
const until = async (condition: () => boolean): Promise<void> => {
  while (!condition()) await new Promise<void>((resolve) => (changed = resolve));
};

pool.submitMany(hold, Array(4).fill([gate]));
await until(() => begun === 1);
console.log('1 worker:', pool.metrics().active, 'active,', pool.metrics().pending, 'pending');

pool.resize(3); // waiting jobs begin at once
await until(() => begun === 3);
console.log('3 workers:', pool.metrics().active, 'active,', pool.metrics().pending, 'pending');

pool.resize(1); // two workers take no further jobs, and end after their current ones
console.log('1 is enough:', pool.metrics().active, 'active,', pool.metrics().pending, 'pending');
Atomics.store(gate, 0, 1);
Atomics.notify(gate, 0);
await pool.waitAll();
await until(() => pool.metrics().workers.length === 1);
console.log(pool.metrics().completed, 'completed by', pool.metrics().workers.length, 'worker in the end');
