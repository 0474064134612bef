import { openBareThreads } from '../contenders/bare.mjs';
import { openPool } from '../contenders/thread-system.mjs';
import { closeAll, figure, timed, trampoline } from '../measure.mjs';

export const name = 'map';

const double = (x) => x * 2;

export async function run(how) {
  const count = how.size(1_000_000, 500_000);
  // each result is new memory: where it is much, the row measures how fast the machine can give it
  const sharedCount = how.size(2_000_000, 2_000_000);
  const numbers = Array.from({ length: count }, (_, index) => index);
  const shared = new Float64Array(new SharedArrayBuffer(sharedCount * Float64Array.BYTES_PER_ELEMENT));
  for (let i = 0; i < sharedCount; i++) shared[i] = i;
  const row = { unit: 'M items/s', better: 'more', judged: 'value', chart: 'map' };
  return [
    {
      ...row,
      workload: '`map` over an array of numbers',
      figures: await mapFigures(numbers, [openMap()], how.rounds(25)),
      limit: { atLeast: 8 },
      aim: '13 M items/s',
      note: `${count.toLocaleString('en')} items, \`(x) => x * 2\`; the sum of the results is checked.`,
    },
    {
      ...row,
      workload: '`map` over a shared `Float64Array`',
      figures: await mapFigures(shared, [openMap(), openBareMap()], how.rounds(25)),
      limit: { atLeast: 100 },
      aim: 'memory bandwidth',
      note:
        `${sharedCount.toLocaleString('en')} items, \`(x) => x * 2\`; the sum of the results is checked. The bare threads write ` +
        'half of the results each, into new memory as well.',
    },
  ];
}

async function mapFigures(items, contenders, rounds) {
  const values = await trampoline(
    contenders,
    async (contender) => {
      const { ms, result } = await timed(() => contender.map(items));
      verify(items, result);
      return items.length / ms / 1000;
    },
    rounds,
  );
  await closeAll(contenders);
  return contenders.map((contender, index) => figure(contender, values[index]));
}

function openMap() {
  const pool = openPool();
  return {
    name: 'thread-system',
    setting: 'map',
    map: async (items) => await pool.map(double, items),
    close: () => pool.shutdown(),
  };
}

function openBareMap() {
  const bare = openBareThreads(new URL('../tasks/bare-map.mjs', import.meta.url));
  return {
    ...bare,
    async map(items) {
      const { length, byteLength } = items;
      const result = new Float64Array(new SharedArrayBuffer(byteLength));
      const half = length >> 1;
      await bare.ask([
        { items, result, from: 0, to: half },
        { items, result, from: half, to: length },
      ]);
      return result;
    },
  };
}

function verify(items, result) {
  if (result.constructor !== items.constructor) throw new Error(`map gave a ${result.constructor.name}`);
  if (ArrayBuffer.isView(items) && !(result.buffer instanceof SharedArrayBuffer))
    throw new Error('The result is not shared');
  let sum = 0;
  for (let i = 0; i < items.length; i++) sum += result[i];
  const expected = items.length * (items.length - 1);
  if (sum !== expected) throw new Error(`The sum is ${sum}, not ${expected}`);
}
