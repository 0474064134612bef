import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule(new URL('./tasks.js', import.meta.url));

/** Resolves with the name of a job that a pool of this package's own has run. */
export async function thumbnail(kind) {
  const pool = new ThreadPool({ kind, maxWorkers: 1 });
  const name = await pool.submit(tasks.thumbnail, [], { name: 'small' });
  await pool.shutdown();
  return name;
}
