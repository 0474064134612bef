import type { MessagePort } from 'node:worker_threads';
import type { ContextValues } from '../../base/context-stores.js';
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

/** What is told of a job besides its arguments, where it is not as with most. */
export interface JobOverrides {
  /** From 2: it is not the first. */
  readonly attempt?: number | undefined;
  readonly name?: string | undefined;
  /** What its code sees of where it was submitted. */
  readonly context?: ContextValues | undefined;
}

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

/** What an entry of the result lane tells. */
export const Answer = Object.freeze({
  /** The code ended by itself. */
  RETURNED: 0,
  THREW: 1,
  /** The code ended after the job was asked to stop. */
  STOPPED_RETURNED: 2,
  STOPPED_THREW: 3,
  /** It goes on: the value is a report. */
  REPORTED: 4,
  /**
   * It goes on: the value is a list of what it told, as {@link BatchItem}, for which the lane had no room one by one. Each value
   * follows as a message of its own.
   */
  BATCH: 5,
  /** Its code begins. */
  STARTED: 6,
  /** There was no code to run: its module or its export is missing, or broken. */
  CODE_MISSING: 7,
  /** It goes on: it has cancelled its own job's token, with the value as the reason. */
  TOKEN_CANCELLED: 8,
  /** It goes on: it submits a child, whose number the entry before tells. */
  CHILD_SUBMITTED: 9,
  /** It goes on, and awaits something while it has children: it holds no place until these have settled. */
  SUSPENDED: 10,
  /** What code of the thread has written to stdout and stderr, of whatever job. */
  PRINTED: 11,
  /** The number of the child that is asked for next: an entry of its own, to know of whom it is when that cannot be read. */
  CHILD: 12,
  /** A message has lost its entry: it is read, and of no use. */
  ORPHAN: 13,
  /** It goes on, once it is woken: it blocks its thread to wait for another. */
  BLOCKED: 14,
} as const);

/** What a job tells while it runs, in a list: the value follows as a message under that tag. Of a child with its number. */
export type BatchItem = readonly [answer: number, child: number, tag: number];

// The second word of a request entry
export const ARGUMENT_BITS = 4;
export const TAG_BITS = 3;
export const MAX_INLINE_VALUES = 7;
/** Of these; the others are kept for what is told besides. */
export const MAX_INLINE_ARGUMENTS = 5;
/** The values come by message, under the tag in the first tag's place. */
export const BY_MESSAGE = 8;
/** Not a job: the definition of the task comes by message. */
export const DEFINITION = 9;
/** Not a job: the slot was still taken. */
export const HOLE = 10;
export const COUNT_MASK = (1 << ARGUMENT_BITS) - 1;
export const TAG_MASK = (1 << TAG_BITS) - 1;
/** Which of a job's `JobOverrides` follow the arguments, in this order: those whose flags are set. */
export const OVERRIDES = [
  ['attempt', 1 << 27],
  ['name', 1 << 26],
  ['context', 1 << 25],
] as const satisfies readonly (readonly [keyof JobOverrides, number])[];
export const HAS_OVERRIDES = OVERRIDES.reduce((all, [, flag]) => all | flag, 0);
/** The main thread is to be told when the job's code begins. */
export const IS_ANNOUNCED = 1 << 28;

/**
 * The entry tells the job's task; and before the arguments stand, as floats, by how much its id is above its sequence number,
 * and its priority. Else all three are as with the job before: most come one by one, and alike.
 */
export const HAS_IDENTITY = 1 << 29;

/** Words of a request entry's head: task id (with an identity, or a definition), kind. */
export const REQUEST_HEAD = 2;
export const IDENTITY_WORDS = 4;
/** Words of a result entry's head: slot and answer and tag, run time in ms (single). */
export const RESULT_HEAD = 2;
/** Before the value stands when the job's code began (float). Else that was when the code of the last entry ended. */
export const IS_STAMPED = 1 << 28;

export const SLOT_BITS = 16;
export const ANSWER_MASK = 15;
export const TAG_SHIFT = 20;

/** The first word of a result entry. */
export function resultHead(slot: number, answer: number, tag: number): number {
  return slot | (answer << SLOT_BITS) | (tag << TAG_SHIFT);
}
