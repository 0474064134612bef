import type { ChildProcess, ForkOptions } from 'node:child_process';
import { bare } from '../../base/bare.js';
import { setTimeout } from '../../base/clock.js';
import type { ProcessSettings } from '../../contract/process-settings.js';
import { type ErrorRecord, encodeError } from '../../wire/message/error-codec.js';
import { fromBytes, toBytes } from '../../wire/process/process-bytes.js';
import {
  type FromProcess,
  isLeftToParent,
  leavesCoverage,
  type ToProcess,
} from '../../wire/process/process-protocol.js';
import { BeginNotesReader, NOTES_FD } from '../begin-notes.js';

export interface RelayedProcessEvents {
  received(message: FromProcess): void;
  /** The process has noted that the code of a job begins. */
  begun(id: number, attempt: number): void;
  /** The process has exited, and everything it sent was received. */
  exited(end: ProcessEnd): void;
  /** The process could not be made. */
  notMade(error: ErrorRecord): void;
}

/** How a child process ended. */
export interface ProcessEnd {
  readonly exitCode: number;
  readonly cause: ErrorRecord | undefined;
}

/** What a process is sent when it starts, besides its settings. */
export type ProcessIdentity = Pick<
  Extract<ToProcess, { readonly kind: 'init' }>,
  'workerId' | 'concurrency' | 'depth' | 'isTsNodeRegistered' | 'around' | 'heapLimitMb'
>;

/** How often a process is started again if a signal ends it while it starts. */
const MOST_RESTARTS = 3;
/** Longest wait for a process that writes its coverage to exit by itself. */
const COVERAGE_MS = 3_000;

/** The child process of one relay: forks it, sends it messages and receives its own, and ends it. */
export class RelayedProcess {
  readonly #settings: ProcessSettings;
  readonly #identity: ProcessIdentity;
  readonly #events: RelayedProcessEvents;
  #child: ChildProcess;
  #isReady = false;
  #restarts = 0;
  #isEnding = false;
  /** Why the process ends, if that is known before it exits. */
  #lost: ProcessEnd | undefined;

  constructor(settings: ProcessSettings, identity: ProcessIdentity, events: RelayedProcessEvents) {
    this.#settings = settings;
    this.#identity = identity;
    this.#events = events;
    this.#child = this.#start();
  }

  get isOpen(): boolean {
    return this.#child.connected;
  }

  /** `undefined` if the process could not be made. */
  get pid(): number | undefined {
    return this.#child.pid;
  }

  send(message: ToProcess): void {
    if (this.#child.connected) this.#child.send(toBytes(message), () => {}); // a send fails only if the process has ended: 'exit' reports that
  }

  /** The process takes calls: from now on it is not restarted. */
  ready(): void {
    this.#isReady = true;
  }

  /** The process is about to exit and has said why. */
  lost(end: ProcessEnd): void {
    this.#lost = end;
  }

  /** Ends the process at once, whatever runs there. A process that writes its coverage is given some time to exit. */
  end(): void {
    this.#isEnding = true;
    if (!leavesCoverage(process.env)) {
      this.#child.kill('SIGKILL');
      return;
    }
    this.send({ kind: 'end' });
    setTimeout(() => this.#child.kill('SIGKILL'), COVERAGE_MS);
  }

  #start(): ChildProcess {
    const { entry, execArgv, argv, cwd, execPath, workerEntry, resourceLimits } = this.#settings;
    // loaded here, not imported: only pools of child processes pay for it when their threads start
    const { fork } = process.getBuiltinModule('node:child_process');
    // bare, as Node.js also obeys inherited properties, and passes on an environment's inherited variables
    const options: ForkOptions = bare({
      serialization: 'advanced',
      env: bare(process.env),
      stdio: ['inherit', 'inherit', 'inherit', 'ipc', 'pipe'],
    });
    if (execArgv !== undefined) options.execArgv = [...execArgv];
    if (cwd !== undefined) options.cwd = cwd;
    if (execPath !== undefined) options.execPath = execPath;
    const child = fork(entry, [], options);
    this.#child = child;
    child.on('message', (bytes) => this.#onBytes(bytes as unknown as Uint8Array));
    child.on('error', (error) => {
      if (child.pid === undefined) this.#events.notMade(encodeError(error)); // otherwise 'exit' follows
    });
    const notes = new BeginNotesReader((id, attempt) => this.#events.begun(id, attempt));
    // undefined if the process could not be made for lack of file descriptors
    const notesPipe = (child.stdio as ChildProcess['stdio'] | undefined)?.[NOTES_FD];
    notesPipe?.on('error', () => {}); // 'close' follows
    notesPipe?.on('data', (chunk: Uint8Array) => notes.read(chunk));
    child.once('exit', async (code, signal) => {
      // what the process sent before it exited may still be unread
      if (child.connected) await new Promise((resolve) => child.once('disconnect', resolve));
      if (notesPipe?.closed === false) await new Promise((resolve) => notesPipe.once('close', resolve));
      this.#onExit(code, signal);
    });
    this.send({ kind: 'init', workerEntry, ...this.#identity, resourceLimits, argv });
    return child;
  }

  /** If a message cannot be read or handled, nobody knows what it was about: the process is ended as one that has died. */
  #onBytes(bytes: Uint8Array): void {
    try {
      this.#events.received(fromBytes(bytes) as FromProcess);
    } catch (fault) {
      this.#lost ??= { exitCode: 1, cause: encodeError(fault) };
      this.#child.kill('SIGKILL');
    }
  }

  #onExit(code: number | null, signal: NodeJS.Signals | null): void {
    // a signal to all processes of a terminal or a service came before this one could leave it to the pool's process
    if (!this.#isReady && !this.#isEnding && isLeftToParent(signal) && this.#restarts++ < MOST_RESTARTS) this.#start();
    else this.#events.exited(this.#endOf(code, signal));
  }

  #endOf(code: number | null, signal: NodeJS.Signals | null): ProcessEnd {
    if (this.#isEnding) return { exitCode: 1, cause: undefined };
    if (this.#lost !== undefined) return this.#lost;
    if (signal === null) return { exitCode: code ?? 1, cause: undefined };
    return { exitCode: 1, cause: encodeError(new Error(`The process was ended by ${signal}`)) };
  }
}
