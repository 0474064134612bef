import { mustBe } from '../base/check/argument-errors.js';
import { checkFinite } from '../base/check/values.js';
import { ensureExtras, type JobHandle } from './job-access.js';
import { type CheckedJobOptions, type JobOptions, readJobOptions } from './job-options.js';
import { JobPriority } from './job-priority.js';
import type { TaskRef } from './task-ref.js';

const { getOwnPropertyNames } = Object;

/**
 * Stores the options of a new job, except for the priority, which is returned.
 *
 * @throws {TypeError | RangeError} for a bad option.
 */
export function takeOptions(job: JobHandle, ref: TaskRef, options: JobOptions): number {
  if (isPriorityOnly(options)) {
    const { priority } = options;
    if (!Number.isFinite(priority)) checkFinite(priority ?? JobPriority.NORMAL, 'priority', `make job '${ref.name}'`);
    return priority ?? JobPriority.NORMAL;
  }
  const checked = readJobOptions(options, `make job '${ref.name}'`);
  if (hasMoreThanPriority(checked)) {
    const extras = ensureExtras(job);
    extras.name = checked.name;
    extras.options = checked;
  }
  if (checked.front) ensureExtras(job).order = -1;
  return checked.priority ?? JobPriority.NORMAL;
}

/** Whether the priority is the only option, the most common case, in which nothing needs to be copied. */
function isPriorityOnly(options: unknown): options is { readonly priority?: number | undefined } {
  if (typeof options !== 'object' || options === null) return false;
  const names = getOwnPropertyNames(options);
  return names.length === 1 && names[0] === 'priority';
}

function hasMoreThanPriority(options: CheckedJobOptions): boolean {
  for (const name in options) if (name !== 'priority' && name !== 'front') return true;
  return false;
}

/** A function of its own, so that the constructor of a job stays small. */
export function refuseArgs(ref: TaskRef, args: unknown): never {
  throw mustBe('an array', args, 'args', `make job '${ref.name}'`);
}
