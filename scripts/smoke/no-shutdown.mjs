// Never shuts its pool down: idle workers must not keep the process.
import { ThreadPool } from 'thread-system';

const pool = new ThreadPool({ maxWorkers: 2 });
void pool
  .submit((x) => x + 1, [1])
  .then((result) => {
    if (result === 2) console.log(`ok ${process.version} exits without shutdown`);
  });
