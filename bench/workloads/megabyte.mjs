import { openAwaited } from '../contenders/thread-system.mjs';
import { closeAll, figure, openPeers, timed, trampoline } from '../measure.mjs';

export const name = 'megabyte';

const BYTES = 1 << 20;
const AT_ONCE = 32;

/** How the bytes travel, and how many batches of 32 make a round. */
const kinds = [
  { kind: 'cloned', task: 'stamp', batches: 8, makeBuffer: () => new ArrayBuffer(BYTES) },
  { kind: 'transferred', task: 'stampAndMove', move: true, batches: 64, makeBuffer: () => new ArrayBuffer(BYTES) },
  { kind: 'shared', task: 'stamp', batches: 64, makeBuffer: () => new SharedArrayBuffer(BYTES) },
];

export async function run(how) {
  const rows = [];
  for (const kind of kinds) rows.push(await runKind(kind, how));
  return rows;
}

async function runKind({ kind, task, move = false, batches, makeBuffer }, how) {
  const rate = async (contender, count) => {
    let inputs = Array.from({ length: AT_ONCE }, () => new Uint8Array(makeBuffer()));
    let ms = 0;
    for (let batch = 0; batch < count; batch++) {
      const marks = inputs.map((_, index) => (index * 7 + batch) & 0xff);
      for (const [index, bytes] of inputs.entries()) bytes[0] = marks[index];
      const sent = inputs;
      const done = await timed(() => contender.runAll(sent, { move }));
      ms += done.ms;
      verify(done.result, marks, { sent, kind });
      // what was moved away is sent again as it came back
      if (move) inputs = done.result;
    }
    return (count * AT_ONCE * 1000) / ms;
  };
  const count = how.size(batches, batches / 4);
  const calibrate = (contender) => rate(contender, Math.ceil(count / 4));
  const peers = await openPeers(task, calibrate, { better: 'more', quick: how.quick });
  const contenders = [openAwaited(task), ...peers];
  const values = await trampoline(contenders, (contender) => rate(contender, count), how.rounds(5));
  await closeAll(contenders);
  return {
    workload: `1 MB \`Uint8Array\` in and out, ${kind}`,
    unit: 'jobs/s',
    better: 'more',
    figures: contenders.map((contender, index) => figure(contender, values[index])),
    judged: 'ratio',
    limit: { atLeast: 0.9 },
    chart: 'megabyte',
    note: `${AT_ONCE} jobs at once, ${count} times.${move ? ' poolifier moves the input; its result is cloned.' : ''}`,
  };
}

function verify(results, marks, { sent, kind }) {
  for (const [index, bytes] of results.entries()) {
    if (bytes.byteLength !== BYTES) throw new Error(`Job ${index} gave ${bytes.byteLength} bytes`);
    if (bytes[0] !== marks[index] || bytes[1] !== (marks[index] ^ 0xff))
      throw new Error(`Job ${index} gave other bytes`);
    if (kind === 'shared' && sent[index][1] !== bytes[1]) throw new Error(`Job ${index} did not share its bytes`);
    if (kind === 'transferred' && sent[index].byteLength !== 0) throw new Error(`Job ${index} did not move its bytes`);
  }
}
