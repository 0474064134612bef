// a global of the test environment is looked up anew, slowly, at each use
const { imul } = Math;

const FEWEST_SLOTS = 1 << 12;

/** The numbers that a state is told apart by. Filled anew for each state. */
export class StateKey {
  #numbers = new Int32Array(1 << 10);
  length = 0;

  get numbers(): Int32Array {
    return this.#numbers;
  }

  clear(): void {
    this.length = 0;
  }

  add(value: number): void {
    if (this.length === this.#numbers.length) this.#grow();
    this.#numbers[this.length++] = value;
  }

  /** Changes a number that was added before, of which only then its value is known. */
  replace(index: number, value: number): void {
    this.#numbers[index] = value;
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#numbers.length);
    grown.set(this.#numbers);
    this.#numbers = grown;
  }
}

/**
 * The states that a search has been in, each by a fingerprint of 64 bits of its key ("hash compaction": Wolper and Leroy,
 * Reliable Hashing without Collision Detection, 1993). Two of n states share one, so that what comes after one of them is
 * left out, with a chance of about n² / 2⁶⁴: for 3,000,000 states, 1 in 2,000,000.
 */
export class StateSet {
  /** Two words a slot; 0 and 0 where it is free. */
  #slots = new Int32Array(2 * FEWEST_SLOTS);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  clear(): void {
    this.#slots = new Int32Array(2 * FEWEST_SLOTS);
    this.#size = 0;
  }

  /** Whether the state is a new one. */
  add({ numbers, length }: StateKey): boolean {
    // the rounds of MurmurHash3 (Appleby, public domain), with the constants of two of its four lanes
    let first = length;
    let second = ~length;
    for (let index = 0; index < length; index++) {
      const value = numbers[index] ?? 0;
      first ^= imul(rotate(imul(value, 0x239b961b), 15), 0xab0e9789);
      first = (imul(rotate(first, 19), 5) + 0x561ccd1b) | 0;
      second ^= imul(rotate(imul(value, 0xab0e9789), 16), 0x38b34ae5);
      second = (imul(rotate(second, 17), 5) + 0x0bcaa747) | 0;
    }
    first = mixed(first);
    second = mixed(second) | 1; // never that of a free slot
    if (!insert(this.#slots, first, second)) return false;
    this.#size++;
    if (4 * this.#size > this.#slots.length) this.#grow();
    return true;
  }

  #grow(): void {
    const grown = new Int32Array(2 * this.#slots.length);
    for (let at = 0; at < this.#slots.length; at += 2) {
      const second = this.#slots[at + 1] ?? 0;
      if (second !== 0) insert(grown, this.#slots[at] ?? 0, second);
    }
    this.#slots = grown;
  }
}

/** False if it is there. */
function insert(slots: Int32Array, first: number, second: number): boolean {
  const mask = slots.length - 1;
  for (let at = (2 * first) & mask; ; at = (at + 2) & mask) {
    if (slots[at + 1] === 0) {
      slots[at] = first;
      slots[at + 1] = second;
      return true;
    }
    if (slots[at] === first && slots[at + 1] === second) return false;
  }
}

function rotate(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}

function mixed(value: number): number {
  let bits = imul(value ^ (value >>> 16), 0x85ebca6b);
  bits = imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}
