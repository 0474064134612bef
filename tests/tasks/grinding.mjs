// Work that takes its time, in functions whose names a profile shows.
export function grindWheat(rounds) {
  let sum = 0;
  for (let round = 0; round < rounds; round++) sum += crush(round);
  return sum;
}

/** Never turns its event loop until the gate opens; `words` is [opened, begun]. */
export function grindUntil(words) {
  Atomics.add(words, 1, 1);
  while (Atomics.load(words, 0) === 0) crush(1);
}

function crush(round) {
  let flour = round;
  for (let i = 1; i < 1_000_000; i++) flour = (flour * 31 + i) % 1_000_003;
  return flour;
}
