import type { MessagePort } from 'node:worker_threads';
import type { Fd } from '../../contract/printed.js';
import type { ProcessSettings } from '../../contract/process-settings.js';
import type { TaskDefinition } from '../../contract/task-origin.js';
import type { ProfileStep, ThreadProfile } from '../../contract/thread-profile.js';
import type { RegistryMessage } from '../../sync/sharing/registry.js';
import type { WorkerMemory } from '../lane/layout.js';
import type { ErrorRecord } from './error-codec.js';

/** The first message to a worker's thread. */
export interface WorkerInit {
  readonly kind: 'thread-system-init';
  readonly workerId: number;
  readonly concurrency: number;
  readonly memory: WorkerMemory;
  /** The pool's one word: see `MAIN_PARKED`. */
  readonly poolWord: Int32Array;
  /** The table of all threads' bells, and the number of this thread in it. */
  readonly bells: Int32Array;
  readonly bell: number;
  readonly control: MessagePort;
  readonly payload: MessagePort;
  /** Whether ts-node is registered in the main thread only, where the worker cannot see it. */
  readonly isTsNodeRegistered: boolean;
  /** How many hooks come before its first job: none begins until they have returned. */
  readonly hooksFirst: number;
  /** Where the jobs are to run in a child process. */
  readonly process: ProcessSettings | undefined;
  /** How deep pools are nested in its thread: 1 where the pool's is a main thread. */
  readonly depth: number;
  /** Whether it runs the jobs of a child process, and notes begins: see `BeginNotes`. */
  readonly notesBegins: boolean;
  /** Which of the thread's output is printed by the thread of its pool. */
  readonly printed: readonly Fd[];
}

/** What both sides post to ring the other. */
export const DOORBELL = 0;

/** How a child ended; its result comes in the message before. */
export type ChildEnd =
  | { readonly kind: 'child-ended'; readonly child: number; readonly tag: number }
  | { readonly kind: 'child-failed'; readonly child: number; readonly error: ErrorRecord };

/** A value that the next message refers to. */
export interface ValueMessage {
  readonly kind: 'value';
  readonly value: unknown;
}

/** How a worker's hook gets on; its result comes in the message before. */
export type HookReply =
  | ValueMessage
  | { readonly kind: 'hook-begun' }
  | { readonly kind: 'hook-returned'; readonly tag: number }
  | { readonly kind: 'hook-threw'; readonly error: ErrorRecord };

export type ToWorker =
  | typeof DOORBELL
  | RegistryMessage
  /** The running job's flag was raised; brings the reason, and wakes listeners. */
  | { readonly kind: 'job-cancelled'; readonly seq: number; readonly reason: unknown }
  | ValueMessage
  | ChildEnd
  /** Has it run a task that is no job; the arguments come in the message before. */
  | {
      readonly kind: 'hook';
      readonly task: TaskDefinition;
      readonly tag: number;
      /** Whether anybody asks for what it returns: else that need not be one that can cross. */
      readonly isAsked: boolean;
    }
  /** Asks whether its event loop turns. */
  | { readonly kind: 'ping' }
  /** The child process, where there is one, profiles its thread, or says what it has seen; `profiled` follows. */
  | { readonly kind: 'profile'; readonly step: ProfileStep }
  /** The child process, where there is one, is to end; `process-ended` follows. */
  | { readonly kind: 'end-process' }
  /** No job of the task can come any more. */
  | { readonly kind: 'task-gone'; readonly id: number }
  /** Nobody has that shared memory any more: see `SentBuffers`. */
  | { readonly kind: 'memory-gone'; readonly number: number }
  /** The job's own code cancelled a parent of its token. */
  | { readonly kind: 'parent-cancelled'; readonly seq: number; readonly reason: unknown };

export type FromWorker =
  | typeof DOORBELL
  | RegistryMessage
  | { readonly kind: 'ready' }
  | { readonly kind: 'pong' }
  | HookReply
  /** The step asked for is done; `profile`: what was seen, where it was the last. */
  | { readonly kind: 'profiled'; readonly profile: ThreadProfile | undefined }
  | { readonly kind: 'child-cancelled'; readonly child: number; readonly reason: unknown }
  /** Its loop has failed, and runs nothing any more: the thread ends. */
  | { readonly kind: 'broken'; readonly error: ErrorRecord }
  /** The child process that ran the jobs has ended. */
  | { readonly kind: 'process-ended'; readonly exitCode: number; readonly cause: ErrorRecord | undefined }
  /** An uncaught error of no job that still runs; `seq` where one is known that did. */
  | { readonly kind: 'late-error'; readonly error: ErrorRecord; readonly jobId: number | undefined };
