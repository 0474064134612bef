import type {
  DashboardMessage,
  DashboardPoint,
  DashboardWelcome,
  FailureRow,
  PoolSnapshot,
  RunRow,
} from '../messages.js';

/** How far back the timelines of workers go. */
export const TIMELINES_MS = 10_000;
const MOST_POINTS = 600;

/** What the page knows of a pool. */
export interface PoolModel {
  readonly now: PoolSnapshot;
  readonly points: readonly DashboardPoint[];
  /** Runs of the last seconds, by job and begin. */
  readonly runs: ReadonlyMap<string, RunRow>;
  /** How busy each worker was in the intervals of the last seconds. */
  readonly loads: readonly IntervalLoads[];
  readonly failures: readonly FailureRow[];
  /** Jobs settled per second in the last interval, and failed, by task. */
  readonly taskRates: ReadonlyMap<string, { readonly settled: number; readonly failed: number }>;
}

export interface IntervalLoads {
  readonly from: number;
  readonly to: number;
  readonly byWorker: ReadonlyMap<number, number>;
}

/** Everything that the page knows. */
export class Model {
  welcome: DashboardWelcome | undefined;
  /** The server's clock at the last snapshot. */
  at = 0;
  readonly pools = new Map<string, PoolModel>();

  add(message: DashboardMessage): void {
    if (message.kind === 'welcome') {
      this.welcome = message;
      this.pools.clear(); // the server may be another one
      return;
    }
    const before = this.at;
    this.at = message.at;
    for (const pool of message.pools) this.pools.set(pool.name, this.#next(pool, before));
  }

  #next(now: PoolSnapshot, before: number): PoolModel {
    const known = this.pools.get(now.name);
    const history = this.welcome?.history.find(({ pool }) => pool === now.name)?.points ?? [];
    const points = known?.points ?? history;
    const isNew = (points.at(-1)?.at ?? 0) < now.point.at;
    return {
      now,
      points: isNew ? [...points, now.point].slice(-MOST_POINTS) : points,
      runs: this.#runs(known, now),
      loads: known === undefined ? [] : this.#loads(known, now, before),
      failures: now.failures ?? known?.failures ?? [],
      taskRates: known === undefined ? new Map() : ratesOf(known.now, now, (this.at - before) / 1e3),
    };
  }

  #runs(known: PoolModel | undefined, now: PoolSnapshot): ReadonlyMap<string, RunRow> {
    const since = this.at - TIMELINES_MS;
    const runs = new Map<string, RunRow>();
    for (const [key, run] of known?.runs ?? [])
      if (run.endedAt !== undefined && run.endedAt > since) runs.set(key, run);
    for (const run of now.runs) runs.set(`${run.id}@${run.startedAt}`, run);
    return runs;
  }

  #loads(known: PoolModel, now: PoolSnapshot, from: number): readonly IntervalLoads[] {
    const byWorker = new Map(now.workers.map(({ id, load }) => [id, load]));
    return [...known.loads, { from, to: this.at, byWorker }].filter(({ to }) => to > this.at - TIMELINES_MS);
  }
}

function ratesOf(before: PoolSnapshot, now: PoolSnapshot, seconds: number): PoolModel['taskRates'] {
  const known = new Map(before.tasks.map((row) => [row.task, row]));
  const rates = new Map<string, { readonly settled: number; readonly failed: number }>();
  for (const row of now.tasks) {
    const then = known.get(row.task);
    const settled = row.completed + row.failed + row.cancelled;
    const settledThen = then === undefined ? 0 : then.completed + then.failed + then.cancelled;
    const span = Math.max(seconds, 1e-3);
    rates.set(row.task, { settled: (settled - settledThen) / span, failed: (row.failed - (then?.failed ?? 0)) / span });
  }
  return rates;
}
