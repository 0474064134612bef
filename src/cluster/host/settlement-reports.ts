import type { Job as BullJob, Worker } from 'bullmq';
import { encodeFailure } from '../codec/failure-codec.js';
import { causeOf, STALLED } from '../codec/marks.js';
import type { Notice } from '../codec/notices.js';
import { HostLostError } from '../errors.js';
import type { HostReport } from './host-report.js';
import type { HostRunner } from './host-runner.js';
import type { NoticeWriter } from './notice-writer.js';
import { nextDelayMs } from './retry-delay.js';

export interface SettlementReportsDeps {
  readonly runner: HostRunner;
  readonly notices: NoticeWriter;
  readonly report: HostReport;
  readonly hostId: string;
}

/**
 * Reports to submitters what became of their jobs, once BullMQ has written it into the record: until then a job may run again.
 */
export class SettlementReports {
  readonly #deps: SettlementReportsDeps;

  constructor(deps: SettlementReportsDeps) {
    this.#deps = deps;
  }

  watch(worker: Worker): void {
    const { runner } = this.#deps;
    worker.on('completed', (bull) => this.#notify(bull, runner.runOf(bull)?.outcome));
    worker.on('failed', (bull, error) => {
      if (bull === undefined) return;
      const outcome = runner.runOf(bull)?.outcome ?? this.#outcomeWithoutRun(bull, error);
      this.#notify(bull, bull.finishedOn === undefined ? retried(bull, outcome) : outcome);
    });
  }

  #notify(bull: BullJob, notice: Notice | undefined): void {
    if (notice === undefined) return;
    const { notices, report } = this.#deps;
    report.count(bull.name, notice);
    const submitter: unknown = (bull.data as { readonly s?: unknown } | undefined)?.s;
    if (typeof submitter === 'string') notices.write(submitter, notice);
  }

  /** Returns the outcome of a job that BullMQ has failed itself, or whose call could not be made. */
  #outcomeWithoutRun(bull: BullJob, error: Error): Notice {
    const { runner, hostId } = this.#deps;
    const { id = '', name } = bull;
    const run =
      runner.runOf(bull)?.info(hostId) ?? ([bull.attemptsMade + bull.stalledCounter - 1, 0, 0, 0, hostId] as const);
    const cause = causeOf(error.message, name);
    if (cause?.state === 'CANCELLED') return ['cancelled', id, encodeFailure(cause.error()), run];
    if (error.message !== STALLED) return ['failed', id, encodeFailure(cause?.error() ?? error), run];
    const message = `Job '${name}' (id ${id}) failed: ${bull.stalledCounter} hosts died while they ran it`;
    return ['failed', id, encodeFailure(new HostLostError(message, { hosts: [] })), run];
  }
}

function retried(bull: BullJob, outcome: Notice): Notice | undefined {
  return outcome[0] === 'failed'
    ? ['retried', outcome[1], outcome[2], outcome[3], bull.delay ?? nextDelayMs(bull)]
    : undefined;
}
