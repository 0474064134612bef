/** Named priorities. Any other finite number is valid, too; a higher number runs first. */
export const JobPriority = Object.freeze({
  /** 0 */
  LOWEST: 0,
  /** 1 */
  LOW: 1,
  /** 2, the default */
  NORMAL: 2,
  /** 3 */
  HIGH: 3,
  /** 4 */
  HIGHEST: 4,
} as const);

export type JobPriority = (typeof JobPriority)[keyof typeof JobPriority];
