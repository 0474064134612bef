// A task that runs repeatedly: at a fixed rate, or by a cron expression.
import { ThreadPool } from 'thread-system';

await using pool = new ThreadPool({ maxWorkers: 1 });

// 1. Every 20 ms. A run that is due while the previous one has not settled is skipped.
const beat = pool.schedule((text: string) => text, ['beat'], { everyMs: 20, name: 'heart' });
let beats = 0;
for await (const job of pool.results()) {
  console.log(job.name, job.result);
  if (++beats === 3) break;
}
beat.pause(); // resume() continues with the next due time
console.log(beat.next, pool.schedules.length);
beat.cancel();

// 2. At half past eight, wherever the program runs.
const report = pool.schedule(() => 'report', [], {
  cron: '30 8 * * 1-5',
  timeZone: 'Europe/Berlin',
  startAt: new Date('2100-01-01T00:00:00Z'),
});
console.log(report.next?.toISOString());
report.unref(); // does not keep the process alive
