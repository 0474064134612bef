import { now } from '../base/clock.js';
import { type StopTimer, startTimer } from '../base/timer.js';
import type { WorkerEnd } from '../contract/worker-end.js';
import type { ControlPort } from './control-port.js';
import { type Hook, HookQueue } from './hook-queue.js';
import { OpenPorts } from './open-ports.js';
import type { ThreadExit } from './thread-exit.js';
import type { WorkerSettings } from './worker-settings.js';
import type { WorkerThread } from './worker-thread.js';

/** Moves only rightwards. */
export type WorkerState = 'starting' | 'ready' | 'retiring' | 'closing' | 'ending' | 'exited';

/** Whether a worker in that state takes jobs, or will once it is up. */
export function isInService(state: WorkerState): boolean {
  return state === 'starting' || state === 'ready';
}

/** Every transition: the states that it may leave, and the state that it leads to. From any other state it is refused. */
const TRANSITIONS = {
  /** The thread is up, and its first hooks have ended. */
  begin: { from: ['starting'], to: 'ready' },
  /** A hook that precedes the first job has failed. */
  failStart: { from: ['starting'], to: 'ending' },
  /** No more jobs are sent; those in flight end. */
  retire: { from: ['starting', 'ready', 'retiring'], to: 'retiring' },
  /** No jobs are left: streams, hooks and the teardown end. */
  close: { from: ['starting', 'ready', 'retiring'], to: 'closing' },
  /** The thread is being ended, whatever runs on it. */
  terminate: { from: ['starting', 'ready', 'retiring', 'closing'], to: 'ending' },
  /** The thread is gone. */
  exit: { from: ['starting', 'ready', 'retiring', 'closing', 'ending'], to: 'exited' },
} as const satisfies Readonly<Record<string, { readonly from: readonly WorkerState[]; readonly to: WorkerState }>>;

type Transition = keyof typeof TRANSITIONS;
/** Outcome of a transition: the state it leads to, or `refused` if the worker was past it. */
type Transitioned<T extends Transition> = (typeof TRANSITIONS)[T]['to'] | 'refused';

/** What a worker's life depends on. */
export interface LifecycleDeps {
  readonly settings: WorkerSettings;
  readonly control: ControlPort;
  readonly thread: WorkerThread;
}

export interface LifecycleEvents {
  /** The worker takes jobs. */
  ready(): void;
  /** A ready worker has run its hooks. */
  hooksEnded(): void;
  /** The streams between a worker that is not being closed and this thread have ended. */
  unlinked(): void;
}

/** The life of one worker: its state, its hooks, and how its thread is ended. */
export class WorkerLifecycle {
  readonly hooks: HookQueue;
  readonly ports: OpenPorts;
  /** When the thread was started, in ms of `now()`. */
  readonly startedAtMs: number = now();
  /** When the worker became ready, in ms of `now()`; 0 before. */
  readyAtMs = 0;
  /** The hook that an orderly end runs last. */
  teardown: Hook | undefined;
  /** Why the thread is being ended, if a job is to blame. */
  endCause: unknown;
  /** Whether the loop has failed, or its lane cannot be read any further: the thread ends. */
  isBroken = false;
  readonly #workerId: number;
  readonly #graceMs: number;
  readonly #thread: WorkerThread;
  readonly #events: LifecycleEvents;
  #state: WorkerState = 'starting';
  #isSpare = false;
  #isClaimed = false;
  /** Cached: read on every dispatch. */
  #isReady = false;
  /** How many of the hooks that precede the first job have not been added yet. */
  #hooksFirst: number;
  /** Whether further hooks were added: the worker takes no jobs before it is ready. */
  #hasLateHooks = false;
  #startFault: string | undefined;
  /** Why the pool ends the thread once its jobs have ended. */
  #retired: WorkerEnd | undefined;
  /** Why the pool has ended the thread, or is ending it. */
  #ended: WorkerEnd | undefined;
  #stopGrace: StopTimer = () => {};

  constructor({ settings, control, thread }: LifecycleDeps, events: LifecycleEvents) {
    this.#workerId = settings.workerId;
    this.#graceMs = settings.graceMs ?? 0;
    this.#hooksFirst = settings.hooksFirst ?? 0;
    this.#thread = thread;
    this.#events = events;
    this.ports = new OpenPorts(() => this.#unlinked());
    this.hooks = new HookQueue({
      values: control.values,
      post: (message) => control.postAndWake(message),
      hooksEnded: () => this.#hooksEnded(),
    });
  }

  get state(): WorkerState {
    return this.#state;
  }

  get isOpen(): boolean {
    return this.#state !== 'exited';
  }

  /** Whether the worker takes jobs. */
  get isReady(): boolean {
    return this.#isReady;
  }

  /** Whether jobs may run here: also before this thread knows that the worker is up, as it begins what it was sent meanwhile. */
  get mayRunJobs(): boolean {
    return this.#may('close'); // it is not being ended, and is closed only once it has no jobs
  }

  /** Whether the worker starts, and would take a job as soon as it is up. */
  get takesEarly(): boolean {
    return this.#state === 'starting' && !this.#isSpare && !this.#hasLateHooks;
  }

  /** Whether the worker is kept for a certain job, and takes no others. */
  get isClaimed(): boolean {
    return this.#isClaimed;
  }

  set isClaimed(isClaimed: boolean) {
    this.#isClaimed = isClaimed;
    this.#refreshReady();
  }

  get isSpare(): boolean {
    return this.#isSpare;
  }

  set isSpare(isSpare: boolean) {
    this.#isSpare = isSpare;
    this.#refreshReady();
  }

  /** Whether the pool has ended the thread, or is ending it: it did not die by itself. */
  get wasEnded(): boolean {
    return this.#ended !== undefined;
  }

  /** Why the pool has ended the thread. */
  get endReason(): string {
    return this.#ended?.text ?? '';
  }

  /** Adds a hook behind those that wait. The worker takes no jobs until all have ended. */
  addHook(hook: Hook): void {
    if (this.#hooksFirst > 0) this.#hooksFirst--;
    else this.#hasLateHooks = true;
    this.hooks.add(hook);
    this.#refreshReady();
  }

  /** Ends a worker that cannot take jobs, as one of its first hooks failed. */
  failStart(fault: string, cause: unknown): Transitioned<'failStart'> {
    const moved = this.#move('failStart');
    if (moved === 'refused') return moved;
    this.#startFault = fault;
    this.endCause = cause;
    this.#endThread();
    return moved;
  }

  /** Lets the worker take no more jobs. It ends at the next `jobsEnded`. */
  retire(why: WorkerEnd): Transitioned<'retire'> {
    const moved = this.#move('retire');
    if (moved !== 'refused') this.#retired = why;
    return moved;
  }

  /** The last job in flight has left. */
  jobsEnded(): void {
    if (this.#state === 'retiring' && this.#retired !== undefined) this.end(this.#retired);
  }

  /**
   * Ends a worker without jobs in order: its streams and hooks end, then its teardown runs. If there is nothing to run, or the
   * grace is over, the thread is ended.
   */
  end(why: WorkerEnd): Transitioned<'close' | 'terminate'> {
    if (!this.#may('close')) return 'refused';
    if ((!this.#hasHooksToEnd && !this.ports.isLinked) || this.#graceMs === 0) return this.terminate(why);
    this.#ended = why;
    const moved = this.#move('close');
    this.#stopGrace = startTimer(this.#graceMs, () => this.#endLate(why), { keepsProcess: false });
    this.#continueClosing();
    return moved;
  }

  /** Ends the thread at once, whatever runs on it. */
  terminate(why: WorkerEnd): Transitioned<'terminate'> {
    const moved = this.#move('terminate');
    if (moved === 'refused') return moved;
    this.#ended = why;
    this.#endThread();
    return moved;
  }

  /** The worker's loop has failed, or its lane cannot be read any further. */
  broke(cause: unknown): Transitioned<'terminate'> {
    this.#thread.failed(cause);
    this.isBroken = true;
    const moved = this.#move('terminate');
    if (moved !== 'refused') this.#endThread();
    return moved;
  }

  /** The thread is gone: no further hook is sent. */
  exit(): Transitioned<'exit'> {
    this.#stopGrace();
    this.hooks.close();
    return this.#move('exit');
  }

  /**
   * How the thread ended. Final once its last messages were read.
   *
   * @param exitCode of the thread: reported as 0 for a worker that was idle, as it has done all its work.
   * @param wasUp whether the worker took jobs.
   */
  exitWith(exitCode: number, wasUp: boolean): ThreadExit {
    const cause = this.endCause ?? this.#thread.error;
    const reason = this.#ended?.reason ?? (wasUp && this.#startFault === undefined ? 'died' : 'failed to start');
    const isInOrder = reason === 'idle' && cause === undefined;
    return {
      exitCode: isInOrder ? 0 : this.#thread.exitCode(exitCode),
      reason,
      cause,
      startFault: this.#startFault,
    };
  }

  #may(transition: Transition): boolean {
    const from: readonly WorkerState[] = TRANSITIONS[transition].from;
    return from.includes(this.#state);
  }

  #move<T extends Transition>(transition: T): Transitioned<T> {
    if (!this.#may(transition)) return 'refused';
    const { to } = TRANSITIONS[transition];
    this.#state = to;
    this.#refreshReady();
    return to;
  }

  #refreshReady(): void {
    this.#isReady = this.#state === 'ready' && !this.#isSpare && !this.#isClaimed && this.hooks.isEmpty;
  }

  #endThread(): void {
    this.hooks.close();
    this.#thread.end();
  }

  get #hasHooksToEnd(): boolean {
    const isSetUp = this.readyAtMs > 0 || this.teardown !== undefined;
    return this.hooks.isOpen && isSetUp && (this.teardown !== undefined || !this.hooks.isEmpty);
  }

  /** Streams end first, then the hooks, the teardown last. */
  #continueClosing(): void {
    if (this.ports.isLinked) return;
    const { teardown } = this;
    this.teardown = undefined;
    if (teardown !== undefined && this.hooks.isOpen) this.hooks.add(teardown);
    else if (this.hooks.isEmpty && this.#ended !== undefined) this.terminate(this.#ended);
  }

  #endLate({ reason }: WorkerEnd): void {
    if (this.#state !== 'closing') return;
    const fault = `did not end in order within ${this.#graceMs} ms`;
    this.endCause = new Error(`Worker ${this.#workerId} ${fault}`);
    this.terminate({ reason, text: `it ${fault}` });
  }

  #unlinked(): void {
    if (this.#state === 'closing') this.#continueClosing();
    else this.#events.unlinked();
  }

  #hooksEnded(): void {
    switch (this.#state) {
      case 'starting':
        this.#move('begin');
        this.readyAtMs = now();
        this.#events.ready();
        break;
      case 'ready':
        this.#refreshReady();
        this.#events.hooksEnded();
        break;
      case 'closing':
        this.#continueClosing();
        break;
      case 'retiring':
      case 'ending':
      case 'exited':
        break;
    }
  }
}
