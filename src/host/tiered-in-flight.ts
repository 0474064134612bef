import { type InFlightJob, kindOf } from '../base/in-flight-job.js';
import { CAPACITY, MASK } from '../wire/lane/layout.js';
import type { SlotTable } from '../wire/lane/slot-table.js';
import { InFlight } from './in-flight.js';

/** In which tier a priority is: how many of the rising `tiers` it reaches. */
export function tierOf(tiers: readonly number[], priority: number): number {
  let tier = 0;
  while (tier < tiers.length && priority >= (tiers[tier] ?? 0)) tier++;
  return tier;
}

/** InFlight that know the lowest tier of their jobs. Apart, as it costs each job that comes and goes. */
export class TieredInFlight<J extends InFlightJob> extends InFlight<J> {
  readonly #tiers: readonly number[];
  /** How many jobs there are of each tier. */
  readonly #counts: number[];
  /** Of each slot's job, as it was when it came. */
  readonly #tierOf = new Uint16Array(CAPACITY);

  constructor(slots: SlotTable, tiers: readonly number[]) {
    super(slots);
    this.#tiers = tiers;
    this.#counts = new Array<number>(tiers.length + 1).fill(0);
  }

  override get lowestTier(): number {
    const tier = this.#counts.findIndex((count) => count > 0);
    return tier < 0 ? Number.POSITIVE_INFINITY : tier;
  }

  override take(job: J, seq: number, plannedTicks: number): void {
    super.take(job, seq, plannedTicks);
    const tier = tierOf(this.#tiers, kindOf(job).priority);
    this.#tierOf[seq & MASK] = tier;
    this.#add(tier, 1);
  }

  override release(slot: number): J | undefined {
    const job = super.release(slot);
    if (job !== undefined) this.#add(this.#tierOf[slot] ?? 0, -1);
    return job;
  }

  #add(tier: number, change: number): void {
    this.#counts[tier] = (this.#counts[tier] ?? 0) + change;
  }
}
