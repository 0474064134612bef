import { readFileSync } from 'node:fs';
import { cpuUsage } from 'node:process';
import { tasks } from '../contenders/thread-system.mjs';
import { withPool } from './with-pool.mjs';

/** How long a job computes, in µs. */
export const LENGTHS = [0, 10, 100, 1_000, 10_000];
const BATCH_MS = 1_500;

/**
 * Measures jobs of one length, through as many workers as there are cores.
 *
 * @param {number} us
 * @param {number} turnsOfUs turns of `spin` in a µs.
 * @param {number} workers
 * @returns {Promise<import('./model.mjs').Cost>}
 */
export function costOf(us, turnsOfUs, workers) {
  const task = us === 0 ? tasks.noop : tasks.spin;
  const input = [Math.round(us * turnsOfUs)];
  const jobs = Math.max(20, Math.round((BATCH_MS * 1000 * workers) / (us + 1)));
  return withPool(workers, async (pool) => {
    const round = async (count) => {
      for (let index = 0; index < count; index++) pool.submit(task, input);
      await pool.waitAll();
    };
    await round(Math.min(jobs, 200_000));
    const [main, all, start] = [mainCpuUs(), cpuUsage(), performance.now()];
    await round(jobs);
    const ms = performance.now() - start;
    const { user, system } = cpuUsage(all);
    const ofMain = mainCpuUs() - main;
    return { us, main: ofMain / jobs, workers: (user + system - ofMain) / jobs - us, rate: (jobs / ms) * 1000 };
  });
}

/** CPU time of the main thread so far, in µs. From Linux, as Node.js 20 does not tell. */
function mainCpuUs() {
  return Number(readFileSync(`/proc/self/task/${process.pid}/schedstat`, 'utf8').split(' ')[0]) / 1000;
}
