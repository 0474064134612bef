import { MessageChannel } from 'node:worker_threads';
import { Channel, taskModule } from '../../dist/index.js';
import { openBareThreads } from '../contenders/bare.mjs';
import { openPool } from '../contenders/thread-system.mjs';
import { figure } from '../measure.mjs';

export const name = 'channel';

const CAPACITY = 4096;
const tasks = taskModule(new URL('../tasks/channel.mjs', import.meta.url));

/** Each hands the same numbers from one thread to another, one by one, and says how long that took. */
export async function run(how) {
  const count = how.size(5_000_000, 1_000_000);
  const [channel, ring, port] = [openChannel(), openRing(), openPort()];
  const contenders = [channel, ring, port];
  const rates = contenders.map(() => []);
  for (let round = -1; round < how.rounds(5); round++) {
    for (const [index, contender] of contenders.entries()) {
      const numbers = contender === port ? Math.ceil(count / 10) : count;
      const { sum, ms } = await contender.hand(numbers);
      if (sum !== (numbers * (numbers - 1)) / 2) throw new Error(`${contender.name}: the numbers add up to ${sum}`);
      if (round >= 0) rates[index].push((numbers * 1000) / ms);
    }
  }
  for (const { close } of contenders) await close();
  const [ours, ofRing, ofPort] = contenders.map((contender, index) => figure(contender, rates[index]));
  const row = { unit: 'values/s', better: 'more' };
  return [
    {
      ...row,
      workload: '`Channel`, plain numbers between two tasks',
      figures: [ours, ofPort],
      judged: 'value',
      limit: { atLeast: 5_000_000 },
      aim: '20 M/s',
      note:
        `${count.toLocaleString('en')} numbers, sent one by one by a task that blocks to one that blocks; their sum is checked. ` +
        'By the MessagePort a tenth of them, as it has no bound: all that is sent and not yet read is in memory.',
    },
    {
      ...row,
      workload: 'the same, against a bare ring of the machine',
      figures: [ours, ofRing],
      judged: 'ratio',
      limit: undefined,
      note:
        'Two threads that spin at a ring for one sender and one receiver: no locks, no waiting, no closing, and no thread that ' +
        'may die. It says how much of the first figure is the machine’s.',
    },
  ];
}

function openChannel() {
  const pool = openPool({ maxWorkers: 2, minWorkers: 2 });
  return {
    name: 'thread-system',
    setting: `maxWorkers 2, capacity ${CAPACITY}`,
    async hand(count) {
      const channel = new Channel({ capacity: CAPACITY });
      const receiving = pool.submit(tasks.receive, [channel]);
      await pool.submit(tasks.send, [channel, count]);
      return await receiving;
    },
    close: () => pool.shutdown(),
  };
}

function openRing() {
  const bare = openBareThreads(new URL('../tasks/bare-ring.mjs', import.meta.url));
  return {
    ...bare,
    setting: `a ring of ${CAPACITY} numbers`,
    async hand(count) {
      const words = new Int32Array(new SharedArrayBuffer(128 * Int32Array.BYTES_PER_ELEMENT));
      const numbers = new Float64Array(new SharedArrayBuffer(CAPACITY * Float64Array.BYTES_PER_ELEMENT));
      const [, received] = await bare.ask([
        { end: 'send', words, numbers, count },
        { end: 'receive', words, numbers, count },
      ]);
      return received;
    },
  };
}

function openPort() {
  const bare = openBareThreads(new URL('../tasks/bare-port.mjs', import.meta.url));
  return {
    ...bare,
    setting: 'MessagePort',
    async hand(count) {
      const { port1, port2 } = new MessageChannel();
      const [, received] = await bare.ask(
        [
          { end: 'send', port: port1, count },
          { end: 'receive', port: port2, count },
        ],
        [[port1], [port2]],
      );
      return received;
    },
  };
}
