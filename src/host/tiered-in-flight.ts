import { type InFlightJob, kindOf } from '../base/in-flight-job.js';
import { CAPACITY, MASK } from '../wire/lane/layout.js';
import type { SlotTable } from '../wire/lane/slot-table.js';
import { InFlight } from './in-flight.js';

/** Returns the tier of a priority: how many of the ascending `tiers` it reaches. */
export function tierOf(tiers: readonly number[], priority: number): number {
  let tier = 0;
  while (tier < tiers.length && priority >= (tiers[tier] ?? 0)) tier++;
  return tier;
}

/** Jobs in flight that also know their lowest tier. A class of its own, as it adds a cost to each job sent and released. */
export class TieredInFlight<J extends InFlightJob> extends InFlight<J> {
  readonly #tiers: readonly number[];
  /** How many jobs each tier has. */
  readonly #counts: number[];
  /** Tier of each slot's job when it was sent. */
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
