// A bare thread: answers each number that appears in one word by the same in another.
import { parentPort } from 'node:worker_threads';

parentPort.on('message', ({ words, asked, answer, turns }) => {
  for (let turn = 1; turn <= turns; turn++) {
    while (Atomics.load(words, asked) !== turn);
    Atomics.store(words, answer, turn);
  }
});
