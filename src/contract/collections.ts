import type { PerformanceEntry, PerformanceObserver } from 'node:perf_hooks';
import { now, setImmediate } from '../base/clock.js';
import { supports } from '../base/platform/capabilities.js';

const { getBuiltinModule } = process;

/** A garbage collection of a thread. */
export interface Collection {
  /** When it began, in ms of `now()`. */
  readonly beganAtMs: number;
  readonly tookMs: number;
  /** One of the `NODE_PERFORMANCE_GC_…` constants of `node:perf_hooks`. */
  readonly kind: number;
}

/** What a watch of collections is asked for: to begin, to report what it has, or to end. The first two are confirmed. */
export type CollectionStep = 'start' | 'read' | 'stop';

/** Receives what has been observed. @param done the step that has been done, with something to report or not. */
export type CollectionListener = (collections: readonly Collection[], done?: CollectionStep) => void;

/** An entry of the type `gc`. */
type Entry = PerformanceEntry & { readonly detail?: unknown };

/**
 * Observes the garbage collections of the thread it is made on, from the first `start` to the last `stop`. Node.js reports them in
 * turns of the event loop, so those of code that blocks the thread are reported when that ends.
 */
export class CollectionWatch {
  readonly #report: CollectionListener;
  #observer: PerformanceObserver | undefined;
  /** Time of `now()` less that of the thread's `performance.now()`. */
  #offsetMs = 0;

  constructor(report: CollectionListener) {
    this.#report = report;
  }

  do(step: CollectionStep): void {
    switch (step) {
      case 'start':
        this.#start();
        this.#report([], step);
        break;
      case 'read':
        // a collection is queued in one turn of the event loop, and observed in the next
        setImmediate(() => setImmediate(() => this.#read()));
        break;
      case 'stop':
        this.#observer?.disconnect();
        this.#observer = undefined;
        break;
    }
  }

  #start(): void {
    if (this.#observer !== undefined || !supports('collectionEntries')) return;
    const hooks = getBuiltinModule('node:perf_hooks'); // on first use: it takes a thread 2 ms to load
    this.#offsetMs = now() - hooks.performance.now();
    const observer = new hooks.PerformanceObserver((list) => this.#seen(list.getEntries()));
    observer.observe({ entryTypes: ['gc'] });
    this.#observer = observer;
  }

  #read(): void {
    this.#seen(this.#observer?.takeRecords() ?? [], 'read');
  }

  #seen(entries: readonly PerformanceEntry[], done?: CollectionStep): void {
    this.#report(
      (entries as readonly Entry[]).map(({ startTime, duration, detail }) => ({
        beganAtMs: startTime + this.#offsetMs,
        tookMs: duration,
        kind: (detail as { readonly kind?: number } | undefined)?.kind ?? 0,
      })),
      done,
    );
  }
}
