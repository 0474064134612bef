/** Blocks until so many threads are here: each then has run one job. */
exports.meet = ({ words, count }) => {
  Atomics.add(words, 0, 1);
  Atomics.notify(words, 0);
  for (let here = Atomics.load(words, 0); here < count; here = Atomics.load(words, 0)) Atomics.wait(words, 0, here);
};
