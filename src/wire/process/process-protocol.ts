import type { ResourceLimits } from 'node:worker_threads';
import type { Collection, CollectionStep } from '../../contract/collections.js';
import type { Printed } from '../../contract/printed.js';
import type { TaskDefinition } from '../../contract/task-definition.js';
import type { ProfileStep, ThreadProfile } from '../../contract/thread-profile.js';
import type { RegistryMessage } from '../../sync/sharing/registry.js';
import type { ErrorRecord } from '../message/error-codec.js';

// Every message is sent as bytes, made by `toBytes`.

/** Signals that all processes of a terminal or a service receive. The pool's process decides what follows. */
export const LEFT_TO_PARENT = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];

export function isLeftToParent(signal: NodeJS.Signals | null): boolean {
  return LEFT_TO_PARENT.some((left) => left === signal);
}

/** Whether a process with this environment writes V8's coverage when it exits by itself. */
export function leavesCoverage(env: NodeJS.ProcessEnv): boolean {
  return (env['NODE_V8_COVERAGE'] ?? '') !== '';
}

/** The first message to a child process. */
export interface ProcessInit {
  readonly kind: 'init';
  /** URL of the worker's entry, for the thread of the process. */
  readonly workerEntry: string;
  readonly workerId: number;
  readonly concurrency: number;
  readonly depth: number;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly argv: readonly unknown[] | undefined;
  /** See `WorkerInit`. */
  readonly around: TaskDefinition | undefined;
  readonly heapLimitMb: number | undefined;
  readonly isTsNodeRegistered: boolean;
}

/** A value for the other process: the bytes of its message and the tag to open that with, as in `PayloadPort`. */
export interface Packed {
  readonly bytes: Uint8Array;
  readonly tag: number;
}

export type ToProcess =
  | ProcessInit
  | {
      readonly kind: 'run';
      /** The number by which later messages refer to this call. */
      readonly run: number;
      readonly id: number;
      /** The id that the job's code sees, if that is another. */
      readonly shownId: string | undefined;
      readonly name: string | undefined;
      readonly priority: number;
      readonly attempt: number;
      readonly task: { readonly id: number; readonly origin: TaskDefinition };
      readonly args: Packed;
      /** The common arguments of the task, with the first call of it that has any. */
      readonly commonArgs: Packed | undefined;
      /** The values of the context in which the job was submitted. */
      readonly context: Packed | undefined;
    }
  | { readonly kind: 'task-gone'; readonly id: number }
  /** The process is to write its coverage and exit. */
  | { readonly kind: 'end' }
  /** Asks whether the event loop turns in which the jobs run. */
  | { readonly kind: 'ping' }
  /** Runs a hook. */
  | { readonly kind: 'hook'; readonly task: TaskDefinition; readonly args: Packed; readonly wantsResult: boolean }
  | { readonly kind: 'profile'; readonly step: ProfileStep }
  | { readonly kind: 'collections'; readonly step: CollectionStep }
  | { readonly kind: 'cancel'; readonly run: number; readonly reason: unknown }
  | { readonly kind: 'child-ended'; readonly child: number; readonly value: Packed }
  | { readonly kind: 'child-failed'; readonly child: number; readonly error: ErrorRecord }
  /** A message for the code of a call. */
  | { readonly kind: 'posted'; readonly run: number; readonly value: Packed; readonly isKept: boolean }
  | { readonly kind: 'post-failed'; readonly run: number; readonly error: ErrorRecord; readonly isKept: boolean }
  | { readonly kind: 'call-returned'; readonly call: number; readonly value: Packed }
  | { readonly kind: 'call-threw'; readonly call: number; readonly error: ErrorRecord }
  | { readonly kind: 'registry'; readonly message: RegistryMessage };

/** A message from a child process, or from code of a task that runs there. */
export type FromProcess =
  | { readonly kind: 'ready' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'heap-full' }
  | { readonly kind: 'reported'; readonly run: number; readonly value: Packed }
  | { readonly kind: 'returned'; readonly run: number; readonly value: Packed }
  | { readonly kind: 'threw'; readonly run: number; readonly error: ErrorRecord; readonly hasCode: boolean }
  | { readonly kind: 'token-cancelled'; readonly run: number; readonly reason: unknown }
  /** A call's code submits a child. `values` are the child's arguments, options and context. */
  | {
      readonly kind: 'child-submitted';
      readonly run: number;
      readonly child: number;
      readonly task: TaskDefinition;
      readonly values: Packed;
    }
  | { readonly kind: 'child-cancelled'; readonly child: number; readonly reason: unknown }
  /** A call's code has read a message that the pool keeps. */
  | { readonly kind: 'message-read'; readonly run: number }
  /** A call's code calls a function of the pool. */
  | {
      readonly kind: 'called';
      readonly run: number;
      readonly call: number;
      readonly name: string;
      readonly args: Packed;
    }
  | { readonly kind: 'hook-begun' }
  | { readonly kind: 'hook-returned'; readonly value: Packed }
  | { readonly kind: 'hook-threw'; readonly error: ErrorRecord }
  | { readonly kind: 'late-error'; readonly error: ErrorRecord; readonly jobId: number | string | undefined }
  | { readonly kind: 'profiled'; readonly profile: ThreadProfile | undefined }
  | {
      readonly kind: 'collected';
      readonly collections: readonly Collection[];
      readonly done: CollectionStep | undefined;
    }
  | { readonly kind: 'printed'; readonly printed: readonly Printed[] }
  /** The thread that runs the tasks has died: the process exits. */
  | { readonly kind: 'lost'; readonly exitCode: number; readonly cause: ErrorRecord | undefined }
  /** `by` is the call whose code caused the message, if known. */
  | { readonly kind: 'registry'; readonly message: RegistryMessage; readonly by: number | undefined };
