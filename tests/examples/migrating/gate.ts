/** Two words that a task and its test share: how many tasks have begun, and whether they may end. */
export class SharedGate {
  readonly words = new Int32Array(new SharedArrayBuffer(8));

  async begun(count = 1): Promise<void> {
    for (;;) {
      const seen = Atomics.load(this.words, 0);
      if (seen >= count) return;
      await Atomics.waitAsync(this.words, 0, seen).value;
    }
  }

  open(): void {
    Atomics.store(this.words, 1, 1);
    Atomics.notify(this.words, 1);
  }
}
