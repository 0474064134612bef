import { rowOf } from '../core/job-list.js';
import type { Job } from '../jobs/job.js';
import { begunAttempts, contentOf, isSettled, optionsOf } from '../jobs/job-access.js';
import { lastReportOf } from '../jobs/job-engine.js';
import type { DashboardSettings } from './dashboard-options.js';
import type { JobSummary, RunningRow, WaitingRow } from './messages.js';
import { rounded, shareOf, shownName, shownValue } from './shown-text.js';

/** Jobs as the page shows them. */
export class JobRows {
  readonly #show: DashboardSettings['show'];

  constructor(show: DashboardSettings['show']) {
    this.#show = show;
  }

  running(job: Job): RunningRow {
    const { startedAt, workerId } = job;
    const report = lastReportOf(job);
    const share = shareOf(report);
    const isShown = report !== undefined && (typeof report === 'number' || this.#show.results);
    return {
      ...this.#summary(job),
      workerId,
      startedAt: startedAt === undefined ? undefined : rounded(startedAt),
      ...(share === undefined ? {} : { share: rounded(share) }),
      ...(isShown ? { report: shownValue(report) } : {}),
    };
  }

  /** @param isDeferred whether it may not run yet. */
  waiting(job: Job, isDeferred: boolean): WaitingRow {
    const summary = this.#summary(job);
    return isDeferred ? { ...summary, ...heldBy(job, summary.submittedAt) } : summary;
  }

  #summary(job: Job): JobSummary {
    const { id, name, task, priority, attempts, submittedAt } = rowOf(job);
    const isShown = this.#show.args && !isSettled(job); // once settled it has a result in their place
    return {
      ...{ id, name: shownName(name), task: shownName(task), priority, attempts },
      submittedAt: rounded(submittedAt),
      ...(isShown ? { args: shownValue(contentOf(job)) } : {}),
    };
  }
}

function heldBy(job: Job, submittedAt: number): Pick<WaitingRow, 'held' | 'until'> {
  if (begunAttempts(job) > 0) return { held: 'retry' };
  const { delayMs, startAt } = optionsOf(job);
  const until = Math.max(
    delayMs === undefined ? 0 : submittedAt + delayMs,
    startAt === undefined ? 0 : Number(startAt),
  );
  return until > Date.now() && Number.isFinite(until)
    ? { held: 'delay', until: Math.round(until) }
    : { held: 'dependency' };
}
