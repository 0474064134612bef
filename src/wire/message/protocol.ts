import type { MessagePort } from 'node:worker_threads';
import type { GREETING } from '../../base/version.js';
import type { Collection, CollectionStep } from '../../contract/collections.js';
import type { Fd } from '../../contract/printed.js';
import type { ProcessSettings } from '../../contract/process-settings.js';
import type { TaskDefinition } from '../../contract/task-definition.js';
import type { ProfileStep, ThreadProfile } from '../../contract/thread-profile.js';
import type { RegistryMessage } from '../../sync/sharing/registry.js';
import type { WorkerMemory } from '../lane/layout.js';
import type { ErrorRecord } from './error-codec.js';

/** The first message to a worker's thread. */
export interface WorkerInit {
  readonly kind: typeof GREETING;
  readonly workerId: number;
  readonly concurrency: number;
  readonly memory: WorkerMemory;
  /** The pool's control word: see `MAIN_PARKED`. */
  readonly poolWord: Int32Array;
  /** The wakeup table of the process, and the index of this thread in it. */
  readonly wakeups: Int32Array;
  readonly wakeup: number;
  readonly control: MessagePort;
  readonly payload: MessagePort;
  /** Whether ts-node is registered in the main thread only, where the worker cannot see it. */
  readonly isTsNodeRegistered: boolean;
  /** How many hooks have to return before the first job begins. */
  readonly hooksFirst: number;
  /** Set if the jobs run in a child process. */
  readonly process: ProcessSettings | undefined;
  /** How deep pools are nested: 1 if the pool is on a main thread. */
  readonly depth: number;
  /** Whether the thread runs the jobs of a child process and notes each that begins: see `BeginNotes`. */
  readonly notesBegins: boolean;
  /** The task that runs around every job. */
  readonly around: TaskDefinition | undefined;
  /** Size of the thread's heap, in MB, above which the pool is notified once. */
  readonly heapLimitMb: number | undefined;
  /** Streams whose output the pool's thread prints. */
  readonly printed: readonly Fd[];
}

/** The message that wakes the event loop of the other side. */
export const DOORBELL = 0;

/** How a child ended. Its result comes in the message before. */
export type ChildEnd =
  | { readonly kind: 'child-ended'; readonly child: number; readonly tag: number }
  | { readonly kind: 'child-failed'; readonly child: number; readonly error: ErrorRecord };

/** How a call of a pool's function ended. Its result comes in the message before. */
export type CallEnd =
  | { readonly kind: 'call-returned'; readonly call: number; readonly tag: number }
  | { readonly kind: 'call-threw'; readonly call: number; readonly error: ErrorRecord };

/** A message for a job's code. Its value comes in the message before; or, if it could not be passed on, the code reads the error. */
export type Post = {
  readonly seq: number;
  /** Whether the pool keeps the message until it is reported as read: another attempt of the job may need it. */
  readonly isKept: boolean;
} & ({ readonly kind: 'posted'; readonly tag: number } | { readonly kind: 'post-failed'; readonly error: ErrorRecord });

/** A value that the next message refers to. */
export interface ValueMessage {
  readonly kind: 'value';
  readonly value: unknown;
}

/** The progress of a worker's hook, in ms of `now()`. Its result comes in the message before. */
export type HookReply =
  | ValueMessage
  | { readonly kind: 'hook-begun'; readonly atMs: number }
  | { readonly kind: 'hook-returned'; readonly tag: number; readonly atMs: number }
  | { readonly kind: 'hook-threw'; readonly error: ErrorRecord; readonly atMs: number };

export type ToWorker =
  | typeof DOORBELL
  | RegistryMessage
  /** The running job's flag was raised. Brings the reason, and notifies listeners. */
  | { readonly kind: 'job-cancelled'; readonly seq: number; readonly reason: unknown }
  | ValueMessage
  | ChildEnd
  | CallEnd
  | Post
  /** Runs a hook. Its arguments come in the message before. */
  | {
      readonly kind: 'hook';
      readonly task: TaskDefinition;
      readonly tag: number;
      /** Whether the result is sent back. If not, it need not be cloneable. */
      readonly wantsResult: boolean;
    }
  /** Asks whether the event loop turns in which the jobs run. */
  | { readonly kind: 'ping' }
  /** The child process, if there is one, begins or ends a profile of its thread. `profiled` follows. */
  | { readonly kind: 'profile'; readonly step: ProfileStep }
  /** The thread that runs the jobs observes its garbage collections. `collected` follows each time that there are some. */
  | { readonly kind: 'collections'; readonly step: CollectionStep }
  /** The child process, if there is one, is to exit. `process-ended` follows. */
  | { readonly kind: 'end-process' }
  /** No more jobs of the task will come. */
  | { readonly kind: 'task-gone'; readonly id: number }
  /** The shared memory with that number was collected on the pool's thread: see `SentBuffers`. */
  | { readonly kind: 'memory-gone'; readonly number: number }
  /** The job's own code cancelled a parent of its token. */
  | { readonly kind: 'parent-cancelled'; readonly seq: number; readonly reason: unknown };

export type FromWorker =
  | typeof DOORBELL
  | RegistryMessage
  /** `pid`: of the child process, if there is one. */
  | { readonly kind: 'ready'; readonly pid: number | undefined }
  | { readonly kind: 'pong' }
  /** The thread's heap has grown above the limit. */
  | { readonly kind: 'heap-full' }
  | HookReply
  /** The step asked for is done. `profile` is set if it was the last. */
  | { readonly kind: 'profiled'; readonly profile: ThreadProfile | undefined }
  /** Garbage collections. `done`: the step that has been done. */
  | {
      readonly kind: 'collected';
      readonly collections: readonly Collection[];
      readonly done: CollectionStep | undefined;
    }
  | { readonly kind: 'child-cancelled'; readonly child: number; readonly reason: unknown }
  /** A job's code calls a function of the pool. Its arguments come in the message before. */
  | {
      readonly kind: 'called';
      readonly seq: number;
      readonly call: number;
      readonly name: string;
      readonly tag: number;
    }
  /** The worker's loop has failed and stopped: the thread exits. */
  | { readonly kind: 'broken'; readonly error: ErrorRecord }
  /** The child process that ran the jobs has ended. */
  | { readonly kind: 'process-ended'; readonly exitCode: number; readonly cause: ErrorRecord | undefined }
  /** An uncaught error of no running job. `jobId` is set if it is known to be of an ended one. */
  | { readonly kind: 'late-error'; readonly error: ErrorRecord; readonly jobId: number | string | undefined };
