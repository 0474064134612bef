/** How jobs ended. */
export interface SettledCounts {
  readonly completed: number;
  readonly failed: number;
  readonly cancelled: number;
}
