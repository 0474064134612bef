import type { FlowJob, FlowProducer, Queue } from 'bullmq';
import { now } from '../../base/clock.js';
import { all } from '../../base/promises.js';
import { startTimer } from '../../base/timer.js';
import { isSettled } from '../../jobs/job-access.js';
import { ClusterUnavailableError } from '../errors.js';
import type { QueueKeys } from '../redis/keys.js';
import type { ScriptedRedis } from '../redis/scripts.js';
import type { Addition, Batcher } from './batcher.js';
import type { JobSpec, SpecSettings } from './job-spec.js';
import type { Submission } from './submission.js';

/** Most jobs that one pipeline adds. */
const PIPELINE = 250;
/** How long to wait, in ms, before jobs that could not be added are sent again. */
const RETRY_MS = 200;
/** How long a key with arguments is kept after its job may begin, in seconds. */
const BLOB_SECONDS = 7 * 24 * 3600;

export interface AdderDeps {
  readonly queue: Queue;
  /** Makes what adds flows, when the first is to be added. */
  readonly flowProducer: () => FlowProducer;
  readonly redis: ScriptedRedis;
  readonly keys: QueueKeys;
  readonly batcher: Batcher;
  readonly settings: { readonly inFlight: number; readonly connectTimeoutMs: number };
  /** What goes into each job. Read for each pipeline, as clocks drift. */
  readonly spec: () => SpecSettings;
  /** Why nothing can be added at all, if so. */
  readonly refusal: () => Error | undefined;
  /** The last error of the connection. */
  readonly lastError: () => Error | undefined;
  /** The job cannot be sent. */
  readonly failed: (submission: Submission, error: unknown) => void;
}

/** Called with a job that was not added because Redis has another one of the same `key`, and the id of that. */
type JoinListener = (submission: Submission, id: string) => void;

/**
 * Hands jobs over to Redis, many at once. Ids are chosen here, so that a pipeline whose reply is lost can be sent again: Redis
 * ignores a job that it already has.
 */
export class Adder {
  readonly #deps: AdderDeps;
  readonly #queued = new Set<Submission>();
  #flowProducer: FlowProducer | undefined;
  #flying = 0;
  #isScheduled = false;
  /** When Redis last accepted a pipeline, in ms of `now()`. */
  #acceptedAtMs = 0;
  #joined: JoinListener = () => {};

  constructor(deps: AdderDeps) {
    this.#deps = deps;
  }

  /** Connects the receiver, which is made after this. */
  reportTo(joined: JoinListener): void {
    this.#joined = joined;
  }

  /** Sends a job with those submitted in the same turn; for the last job of a flow, the whole flow. */
  add(submission: Submission): void {
    for (const each of submission.sentTogether) each.phase = 'queued';
    this.#queued.add(submission);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    queueMicrotask(() => this.#pump());
  }

  /** Takes back a job that is not being sent yet. Returns false if it is, or if others are to be sent with it. */
  remove(submission: Submission): boolean {
    return submission.flow === undefined && this.#queued.delete(submission);
  }

  #pump(): void {
    this.#isScheduled = false;
    while (this.#queued.size > 0 && this.#flying < this.#deps.settings.inFlight) {
      const additions = this.#pack();
      if (additions.length === 0) continue;
      this.#flying++;
      void this.#send(additions).finally(() => {
        this.#flying--;
        this.#pump();
      });
    }
  }

  /** Packs as many jobs as go into one pipeline. */
  #pack(): readonly Addition[] {
    const { batcher, refusal, failed, spec } = this.#deps;
    const error = refusal();
    const take = (): Submission | undefined => {
      const [submission] = this.#queued;
      if (submission === undefined) return undefined;
      this.#queued.delete(submission);
      for (const each of submission.sentTogether) each.phase = 'adding';
      return submission;
    };
    if (error === undefined) return batcher.pack(take, this.#queued.size, { limit: PIPELINE, spec: spec() });
    for (let next = take(); next !== undefined; next = take())
      for (const each of next.sentTogether) failed(each, error);
    return [];
  }

  async #send(additions: readonly Addition[]): Promise<void> {
    const outcome = await this.#insist(additions);
    if (outcome === 'added') this.#acceptedAtMs = now();
    for (const { members } of additions)
      for (const submission of members) {
        if (outcome !== 'added') this.#deps.failed(submission, outcome);
        else submission.added();
      }
  }

  /** Adds jobs until Redis has them or their time is over. Returns the error if it is. */
  #insist(additions: readonly Addition[]): Promise<'added' | ClusterUnavailableError> {
    const { connectTimeoutMs } = this.#deps.settings;
    const since = Math.max(this.#acceptedAtMs, ...additions.map(({ members }) => members.at(-1)?.submittedAtMs ?? 0));
    return new Promise((resolve) => {
      let lastError: unknown;
      let isOver = false;
      const expire = (): void => {
        isOver = true;
        const cause = lastError ?? this.#deps.lastError();
        const message = `Cannot add the job to Redis: it could not be handed over within ${connectTimeoutMs} ms`;
        resolve(new ClusterUnavailableError(message, { cause }));
      };
      const stopTimer = startTimer(Math.max(0, since + connectTimeoutMs - now()), expire, { keepsProcess: false });
      const attempt = (): void => {
        if (isOver) return;
        this.#add(additions).then(
          () => {
            stopTimer();
            if (isOver) void this.#withdraw(additions);
            else resolve('added');
          },
          (error: unknown) => {
            lastError = error;
            startTimer(RETRY_MS, attempt, { keepsProcess: false });
          },
        );
      };
      attempt();
    });
  }

  async #add(additions: readonly Addition[]): Promise<void> {
    const { queue, redis, keys } = this.#deps;
    // first, as a host may fetch a job at once
    const blobs = additions
      .flatMap(({ spec }) => [...withChildren(spec)])
      .flatMap(({ blob, opts: { jobId, delay } }) => {
        if (blob === undefined || jobId === undefined) return [];
        return [redis.set(keys.blob(jobId), blob, 'EX', BLOB_SECONDS + Math.ceil((delay ?? 0) / 1000))];
      });
    if (blobs.length > 0) await all(blobs);
    const flows = additions.filter(({ spec }) => spec.children !== undefined);
    if (flows.length > 0) {
      this.#flowProducer ??= this.#deps.flowProducer();
      await this.#flowProducer.addBulk(flows.map(({ spec }) => flowJob(spec, keys.queue)));
    }
    const others = additions.filter(({ spec }) => spec.children === undefined);
    const added = others.length > 0 ? await queue.addBulk(others.map(({ spec }) => spec)) : [];
    for (const [index, { members, spec }] of others.entries()) {
      const [only] = members;
      const { id } = added[index] ?? {};
      if (only !== undefined && id !== undefined && id !== spec.opts.jobId) this.#joined(only, id);
    }
  }

  /** Removes jobs that reached Redis too late: they have failed here. */
  async #withdraw(additions: readonly Addition[]): Promise<void> {
    for (const { members, spec } of additions)
      if (members.every(({ job }) => isSettled(job)))
        await this.#deps.queue.remove(spec.opts.jobId as string).catch(() => 0);
  }
}

function* withChildren(spec: JobSpec): Generator<JobSpec> {
  yield spec;
  for (const child of spec.children ?? []) yield* withChildren(child);
}

function flowJob({ name, data, opts, children = [] }: JobSpec, queueName: string): FlowJob {
  return { name, queueName, data, opts, children: children.map((child) => flowJob(child, queueName)) };
}
