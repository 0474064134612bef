import { fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { messageOf } from '../child.mjs';
import { figure } from '../measure.mjs';

export const name = 'idle-worker';

/** So many that what a pool itself needs does not show. */
const WORKERS = 20;
const MB = 1 << 20;

export async function run(how) {
  const contenders = [
    { name: 'thread-system', setting: `${WORKERS} idle workers` },
    { name: 'piscina', setting: `${WORKERS} idle workers` },
  ];
  const values = contenders.map(() => []);
  for (let round = how.rounds(3); round > 0; round--)
    for (const [index, contender] of contenders.entries()) values[index].push(await bytesOfWorker(contender.name));
  return [
    {
      workload: 'resident memory of an idle worker',
      unit: 'MB',
      better: 'less',
      figures: contenders.map((contender, index) =>
        figure(
          contender,
          values[index].map((bytes) => bytes / MB),
        ),
      ),
      judged: 'ratio',
      limit: { atMost: 1.05 },
      aim: '0.8 x',
      note: `Growth of a process that opens ${WORKERS} workers, a worker; each has loaded the module of a task.`,
    },
  ];
}

/** Opens the pool in a process of its own, as no process gives all memory of its threads back. */
function bytesOfWorker(library) {
  const file = fileURLToPath(new URL('../idle-workers-process.mjs', import.meta.url));
  const child = fork(file, [library, String(WORKERS)], { execArgv: ['--expose-gc'] });
  return messageOf(child, `The process of ${library}`);
}
