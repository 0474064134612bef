// What happens if the option env leaves out how threads and processes find packages.
import { ThreadPool } from 'thread-system';

for (const kind of ['thread', 'process']) {
  const pool = new ThreadPool({ kind, maxWorkers: 1, env: { LEVEL: 'debug' } });
  await pool
    .submit((x) => 2 * x, [21])
    .then(
      (result) => console.log(kind, result),
      (error) => console.log(kind, error.message),
    );
  await pool.shutdown();
}
