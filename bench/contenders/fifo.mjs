/**
 * A queue in constant time, in the form that tinypool and workerpool take. Their own is an array with `shift`, which moves
 * all that is behind.
 */
export class Fifo {
  #tasks = [];
  #head = 0;

  // tinypool reads `size`, workerpool calls it: see WorkerpoolFifo
  get size() {
    return this.#tasks.length - this.#head;
  }

  push(task) {
    this.#tasks.push(task);
  }

  shift() {
    if (this.size === 0) return null;
    const task = this.#tasks[this.#head];
    this.#tasks[this.#head++] = undefined;
    if (this.#head === this.#tasks.length) this.cancel();
    return task;
  }

  remove(task) {
    const index = this.#tasks.indexOf(task, this.#head);
    if (index >= 0) this.#tasks.splice(index, 1);
  }

  includes(task) {
    return this.#tasks.includes(task, this.#head);
  }

  cancel() {
    this.#tasks = [];
    this.#head = 0;
  }
}

export class WorkerpoolFifo {
  #fifo = new Fifo();

  push(task) {
    this.#fifo.push(task);
  }

  pop() {
    return this.#fifo.shift() ?? undefined;
  }

  size() {
    return this.#fifo.size;
  }

  contains(task) {
    return this.#fifo.includes(task);
  }

  clear() {
    this.#fifo.cancel();
  }
}
