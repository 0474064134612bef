// A list of work under a lock: threads with nothing to do wait for a change, like `while not todo: lock.wait()` in mo-threads.
import { Condition, Mutex, Signal, Thread, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./channel-tasks.js')>(new URL('./channel-tasks.js', import.meta.url));

const ROOM = 5;

const lock = new Mutex();
const changed = new Condition(lock);
const words = new Int32Array(new SharedArrayBuffer((1 + ROOM) * Int32Array.BYTES_PER_ELEMENT));
const pleaseStop = new Signal();
const workers = ['a', 'b'].map((name) => Thread.run(name, tasks.workOff, [{ words, lock, changed }, pleaseStop]));

for (let number = 1; number <= 1_000; number++) {
  using _lock = await lock.lock();
  while (words[0] === ROOM) await changed.wait(); // unlocks the mutex while it waits
  const count = (words[0] as number) + 1;
  words[0] = count;
  words[count] = number;
  changed.notifyAll();
}

pleaseStop.go();
{
  using _lock = await lock.lock();
  changed.notifyAll(); // waiting threads see that they should stop
}
const [byA = 0, byB = 0] = await Promise.all(workers.map((worker) => worker.join()));
console.log('Sum:', byA + byB);
console.log('Left:', words[0]);
