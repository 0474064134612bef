import type { RepeatStrategy } from 'bullmq';
import { nextCronTime } from '../../compose/schedule/schedule.js';

/**
 * Computes for BullMQ when a schedule runs next, with the package that local schedules use, so that an expression means the
 * same on a `ThreadPool`.
 */
export const repeatStrategy: RepeatStrategy = (afterMs, { pattern, tz, startDate }) => {
  const fromMs = startDate === undefined ? afterMs : Math.max(afterMs, new Date(startDate).getTime() - 1);
  return pattern === undefined ? undefined : nextCronTime(pattern, tz, fromMs);
};
