import type { Readable } from 'node:stream';
import { threadId, type Worker } from 'node:worker_threads';
import { nextTick } from '../base/clock.js';
import { startTimer } from '../base/timer.js';
import { Control } from '../wire/lane/layout.js';
import type { ControlPort } from './control-port.js';

/** Longest wait for a child process to exit before its relay thread is terminated. */
const PROCESS_END_MS = 5_000;

/** What a worker's thread needs to end its child process. */
export interface WorkerThreadDeps {
  /** Whether the worker runs its jobs in a child process. */
  readonly hasProcess: boolean;
  readonly control: ControlPort;
  /** The control words of the worker's memory. */
  readonly words: Int32Array;
}

/** The thread of one worker, and the child process behind it if there is one. */
export class WorkerThread {
  readonly #thread: Worker;
  readonly #deps: WorkerThreadDeps;
  #exited: (exitCode: number) => void = () => {};
  #hasExited = false;
  /** Why the thread ends, if it ends by itself. */
  #error: unknown;
  #isUp = false;
  #pid: number | undefined;
  /** Exit code of the child process. */
  #processExitCode: number | undefined;

  constructor(thread: Worker, deps: WorkerThreadDeps) {
    this.#thread = thread;
    this.#deps = deps;
  }

  get threadId(): number {
    return this.#thread.threadId;
  }

  /** Whether the jobs run in a child process. */
  get hasProcess(): boolean {
    return this.#deps.hasProcess;
  }

  /** Process id of the child process, once it is up. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** The worker is up. @param pid of its child process, if it has one. */
  processUp(pid: number | undefined): void {
    this.#isUp = true;
    this.#pid = pid;
  }

  /** Whether the library's entry has begun in the thread. */
  get isUp(): boolean {
    return this.#isUp;
  }

  /** Whether the loop runs on this very thread. */
  get isInline(): boolean {
    return this.#thread.threadId === threadId;
  }

  get error(): unknown {
    return this.#error;
  }

  /** The thread's loop has failed, or its lane cannot be read any further. The first error is kept. */
  failed(error: unknown): void {
    this.#error ??= error;
  }

  /** The exit code to report: the child process's, if there was one. */
  exitCode(ofThread: number): number {
    return this.#processExitCode ?? ofThread;
  }

  listen(exited: (exitCode: number) => void): void {
    this.#exited = exited;
    this.#thread.unref();
    // before any listeners of a thread made by the option `worker`: a listener that throws stops those behind it
    this.#thread.prependListener('error', (error: unknown) => this.failed(error)); // 'exit' always follows; the jobs are settled there
    this.#thread.prependListener('exit', this.#onExit);
    this.#thread.on('newListener', (event: string | symbol, listener: unknown) => {
      if (event === 'exit' && listener !== this.#onExit) nextTick(() => this.#hearFirst());
    });
  }

  /** Ends the thread at once, whatever runs on it. Its child process is ended first. */
  end(): void {
    if (!this.#deps.hasProcess) {
      this.terminate();
      return;
    }
    // the thread has to see the process exit, or the process would stay as a zombie
    this.endProcess();
    startTimer(PROCESS_END_MS, () => this.terminate(), { keepsProcess: false });
  }

  /** Reads the thread's heap: `undefined` if its jobs run elsewhere, or it is ending. */
  async heapSnapshot(): Promise<Readable | undefined> {
    if (this.#deps.hasProcess || this.isInline || this.#hasExited) return undefined;
    return await this.#thread.getHeapSnapshot().catch(() => undefined);
  }

  terminate(): void {
    void this.#thread.terminate();
  }

  /** Ends the child process, without the thread. */
  endProcess(): void {
    this.#deps.control.post({ kind: 'end-process' });
  }

  /** Blocks until the child process has exited, or `timeoutMs` have passed. */
  awaitProcessEnd(timeoutMs: number): void {
    Atomics.wait(this.#deps.words, Control.PROCESS_ENDED, 0, timeoutMs);
  }

  /** The child process has exited; the thread follows. */
  processEnded(exitCode: number, cause: Error | undefined): void {
    this.#processExitCode = exitCode;
    if (cause !== undefined) this.#error = cause;
    this.terminate();
  }

  #hearFirst(): void {
    if (this.#hasExited) return;
    this.#thread.off('exit', this.#onExit);
    this.#thread.prependListener('exit', this.#onExit);
  }

  readonly #onExit = (exitCode: number): void => {
    this.#hasExited = true;
    this.#exited(exitCode);
  };
}
