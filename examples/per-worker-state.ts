// State of each worker: opened before its first job, closed when it ends. Here it is a file; it could be the connection to
// a database, or a model that takes seconds to load.
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./worker-tasks.js')>(new URL('./worker-tasks.js', import.meta.url));

const folder = mkdtempSync(join(tmpdir(), 'per-worker-state-'));
const pool = new ThreadPool({ maxWorkers: 2, setup: tasks.open, setupArgs: [folder], teardown: tasks.close });
await Promise.all(pool.submitMany(tasks.log, [['one'], ['two'], ['three'], ['four']]));
await pool.shutdown(); // teardown has closed the files
const lines = readdirSync(folder).flatMap((name) => readFileSync(join(folder, name), 'utf8').match(/.+/g) ?? []);
console.log(lines.sort().join(', '));

// If a setup fails, the worker cannot start; the error's cause is what the setup threw.
await using broken = new ThreadPool({ maxWorkers: 1, setup: tasks.open, setupArgs: [join(folder, 'nowhere')] });
const job = broken.submit(tasks.log, ['five']);
await job.catch((error: unknown) => console.log(String(error).split(', open')[0]));
rmSync(folder, { recursive: true });
