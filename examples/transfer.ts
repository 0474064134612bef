// Large buffers that are moved instead of copied: in by `transfer`, out by `move`.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./tasks.js')>(new URL('./tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 1 });
const pixels = new Uint8Array(16 * 1024 * 1024).fill(1);

const job = pool.submit(tasks.invert, [pixels], { transfer: [pixels.buffer] });
const inverted = await job; // the task returns move(pixels, [pixels.buffer])

console.log('Here before:', pixels.byteLength); // 0: it was moved to the worker
console.log('Came back:', inverted.byteLength, 'first pixel:', inverted[0]);
