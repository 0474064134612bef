import { expect, test } from '@jest/globals';
import type { PoolWorker } from '../../../build/core/pool-worker.js';

const { Spares } = await import('../../../build/core/workers/spares.js');

/** A worker, as far as spares look at it. */
class Worker {
  isIdle = false;
  isSpare = false;
  readonly ends: unknown[] = [];

  end(why: unknown): void {
    this.ends.push(why);
  }
}

class Workers {
  readonly list: Worker[] = [];
  hasRoom = true;
  fault: Error | undefined;

  get all(): readonly PoolWorker[] {
    return this.list as unknown as readonly PoolWorker[];
  }

  startOne(): PoolWorker {
    if (this.fault !== undefined) throw this.fault;
    this.list.push(new Worker());
    return this.list.at(-1) as unknown as PoolWorker;
  }
}

function setUp(): {
  workers: Workers;
  spares: InstanceType<typeof Spares>;
  old: PoolWorker;
  spare: () => Worker | undefined;
} {
  const workers = new Workers();
  const spares = new Spares(workers);
  const old = workers.startOne();
  return { workers, spares, old, spare: () => workers.list[1] };
}

test('one spare is started for a worker, and takes jobs once that worker ends', () => {
  const { workers, spares, old, spare } = setUp();
  spares.startFor(old);
  spares.startFor(old);
  expect([workers.list.length, spare()?.isSpare]).toEqual([2, true]);
  spares.useFor(old);
  expect([spare()?.isSpare, spare()?.ends]).toEqual([false, []]);
  spares.useFor(old); // its exit, after it was ended
  expect(spare()?.ends).toEqual([]);
});

test('a spare ends if the worker is kept, or if there is no room for it', () => {
  const kept = setUp();
  kept.spares.startFor(kept.old);
  kept.spares.endFor(kept.old);
  expect(kept.spare()?.ends).toEqual([{ reason: 'idle', text: 'it was not needed' }]);
  const full = setUp();
  full.spares.startFor(full.old);
  full.workers.hasRoom = false;
  full.spares.useFor(full.old);
  expect([full.spare()?.isSpare, full.spare()?.ends]).toEqual([true, [{ reason: 'idle', text: 'it was not needed' }]]);
});

test('none is started while a worker is idle, and a start that fails is tried again by the next call', () => {
  const { workers, spares, old, spare } = setUp();
  const idle = workers.list[0] as Worker;
  idle.isIdle = true;
  spares.startFor(old);
  expect(spare()).toBeUndefined();
  idle.isIdle = false;
  workers.fault = new Error('no more threads');
  spares.startFor(old);
  expect(spare()).toBeUndefined();
  workers.fault = undefined;
  spares.startFor(old);
  expect(spare()?.isSpare).toBe(true);
});
