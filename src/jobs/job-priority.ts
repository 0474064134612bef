/** Named priorities. Any other finite number is valid, too; a higher number runs first. */
export const JobPriority = Object.freeze({ LOWEST: 0, LOW: 1, NORMAL: 2, HIGH: 3, HIGHEST: 4 } as const);

export type JobPriority = (typeof JobPriority)[keyof typeof JobPriority];
