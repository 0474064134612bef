import { argsOf } from '../../base/in-flight-job.js';
import { optionsOf, orderOf } from '../../jobs/job-access.js';
import { contextOf, taskOf } from '../../jobs/job-engine.js';
import type { JobIds } from '../codec/job-id.js';
import { toBullPriority } from '../codec/priority.js';
import { headersIn } from '../codec/trace-carrier.js';
import { encodeValue, type Measured } from '../codec/value-codec.js';
import { batchSpecOf, flowSpecOf, type JobSpec, type SpecSettings, specOf } from './job-spec.js';
import type { JobTable } from './job-table.js';
import type { FlowPlace, Submission } from './submission.js';

/** Work, in ms, that a batch may hold even if workers of hosts are idle. */
const IDLE_MS = 1;

/** How small jobs are put into batches. */
export interface BatchSettings {
  /** Most calls that share one BullMQ job; 1: no batches. */
  readonly max: number;
  /** Most bytes that their arguments may have together. */
  readonly maxBytes: number;
}

/** What becomes one BullMQ job: a job, or a batch of jobs; or one flow. */
export interface Addition {
  readonly members: readonly Submission[];
  readonly spec: JobSpec;
}

export interface BatcherDeps {
  readonly table: JobTable;
  readonly ids: JobIds;
  readonly settings: BatchSettings;
  /** How many jobs all hosts run at once. */
  readonly places: () => number;
  /** Estimated run time of a task, in ms; `undefined` if none has run. */
  readonly estimateMs: (task: string) => number | undefined;
  /** The job cannot be sent. */
  readonly failed: (submission: Submission, error: unknown) => void;
}

interface Member {
  readonly submission: Submission;
  readonly measured: Measured;
  /** The headers of its trace, if that is all its context. */
  readonly headers: string | undefined;
}

interface OpenBatch {
  readonly members: Member[];
  bytes: number;
}

/** Describes jobs to BullMQ, and puts small ones that are alike into batches. */
export class Batcher {
  readonly #deps: BatcherDeps;

  constructor(deps: BatcherDeps) {
    this.#deps = deps;
  }

  /**
   * Packs jobs in their order.
   *
   * @param take returns the next job; `undefined` if there is none.
   * @param waiting how many there are.
   * @param how.limit how many additions are made at most.
   */
  pack(
    take: () => Submission | undefined,
    waiting: number,
    { limit, spec }: { readonly limit: number; readonly spec: SpecSettings },
  ): readonly Addition[] {
    const groups: (OpenBatch | FlowPlace)[] = [];
    const open = new Map<string, OpenBatch>();
    while (groups.length < limit) {
      const next = take();
      if (next === undefined) break;
      if (next.flow !== undefined) {
        groups.push(next.flow);
        continue;
      }
      const measured = this.#encoded(next, spec);
      if (measured !== undefined) this.#group(next, measured, { groups, open, waiting });
    }
    return groups.flatMap((group) => ('bytes' in group ? this.#close(group, spec) : this.#flow(group, spec)));
  }

  #encoded(submission: Submission, { maxPayload }: SpecSettings): Measured | undefined {
    try {
      return encodeValue(argsOf(submission.job), 'args', maxPayload);
    } catch (error) {
      this.#deps.failed(submission, error);
      return undefined;
    }
  }

  #group(
    submission: Submission,
    measured: Measured,
    to: { readonly groups: (OpenBatch | FlowPlace)[]; readonly open: Map<string, OpenBatch>; readonly waiting: number },
  ): void {
    const { max, maxBytes } = this.#deps.settings;
    const context = contextOf(submission.job);
    const headers = context && headersIn(context);
    const member = { submission, measured, headers };
    const bytes = measured.bytes + (headers?.length ?? 0);
    const mayShare = max > 1 && bytes < maxBytes && (context === undefined || headers !== undefined);
    const kind = mayShare ? kindOf(submission) : undefined;
    const known = kind === undefined ? undefined : to.open.get(kind);
    if (known !== undefined && known.bytes + bytes <= maxBytes) {
      known.bytes += bytes;
      if (known.members.push(member) >= this.#size(submission, to.waiting)) to.open.delete(kind as string);
      return;
    }
    const group: OpenBatch = { members: [member], bytes };
    to.groups.push(group);
    if (kind !== undefined && this.#size(submission, to.waiting) > 1) to.open.set(kind, group);
  }

  /**
   * Returns how many calls a batch takes: as many as leave two batches for each worker of all hosts; more only if they are
   * hardly any work.
   */
  #size({ job }: Submission, waiting: number): number {
    const { settings, places, estimateMs } = this.#deps;
    const estimate = estimateMs(taskOf(job).name);
    const share = Math.floor(waiting / (2 * places()));
    const idle = estimate === undefined ? 1 : Math.floor(IDLE_MS / Math.max(estimate, 1e-3));
    return Math.min(settings.max, Math.max(1, share, idle));
  }

  #flow(flow: FlowPlace, settings: SpecSettings): Addition[] {
    try {
      return [{ members: flow.members, spec: flowSpecOf(flow, settings) }];
    } catch (error) {
      for (const submission of flow.members) this.#deps.failed(submission, error);
      return [];
    }
  }

  #close({ members }: OpenBatch, settings: SpecSettings): Addition[] {
    const [only, another] = members;
    if (only === undefined) return [];
    const submissions = members.map(({ submission }) => submission);
    try {
      if (another === undefined)
        return [{ members: submissions, spec: specOf(only.submission, settings, only.measured) }];
      const id = this.#deps.ids.next();
      this.#deps.table.addBatch(id, submissions);
      const calls = members.map(({ measured }) => measured.encoded);
      const headers = members.map((each) => each.headers);
      return [{ members: submissions, spec: batchSpecOf(id, only.submission, { calls, headers, settings }) }];
    } catch (error) {
      for (const submission of submissions) this.#deps.failed(submission, error);
      return [];
    }
  }
}

/** Returns a key that is equal for jobs that may share a batch; `undefined` for a job that may not share one. */
function kindOf(submission: Submission): string | undefined {
  const { job, delayMs, isIdentified } = submission;
  const { key, dependsOn, retry, timeoutMs, deadline, context, affinity, exclusive, name, graceMs } = optionsOf(job);
  const own = [key, dependsOn, retry, timeoutMs, deadline, context, affinity, exclusive].some(
    (each) => each !== undefined,
  );
  const task = taskOf(job);
  if (own || isIdentified || delayMs > 0 || orderOf(job) < 0 || task.origin.each) return undefined;
  return JSON.stringify([task.id, job.priority, toBullPriority(job.priority), name, graceMs]);
}
