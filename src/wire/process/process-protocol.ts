import type { ResourceLimits } from 'node:worker_threads';
import type { Printed } from '../../contract/printed.js';
import type { TaskDefinition } from '../../contract/task-origin.js';
import type { ProfileStep, ThreadProfile } from '../../contract/thread-profile.js';
import type { RegistryMessage } from '../../sync/sharing/registry.js';
import type { ErrorRecord } from '../message/error-codec.js';

// Every message is sent as the bytes that `toBytes` makes of it.

/** Signals that go to all processes of a terminal, or of a service: the pool's process decides what follows. */
export const LEFT_TO_PARENT = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const satisfies readonly NodeJS.Signals[];

export function isLeftToParent(signal: NodeJS.Signals | null): boolean {
  return LEFT_TO_PARENT.some((left) => left === signal);
}

/** Whether a process of this environment leaves V8's coverage when it ends in order. */
export function leavesCoverage(env: NodeJS.ProcessEnv): boolean {
  return (env['NODE_V8_COVERAGE'] ?? '') !== '';
}

/** The first message to a child process. */
export interface ProcessInit {
  readonly kind: 'init';
  /** The address of the worker's entry, for the thread there. */
  readonly workerEntry: string;
  readonly workerId: number;
  readonly concurrency: number;
  readonly depth: number;
  readonly resourceLimits: ResourceLimits | undefined;
  readonly isTsNodeRegistered: boolean;
}

/** A value for the other process: what `toBytes` makes of it, or of an envelope: see `PayloadPort`. */
export interface Packed {
  readonly bytes: Uint8Array;
  readonly tag: number;
}

export type ToProcess =
  | ProcessInit
  | {
      readonly kind: 'run';
      /** Names this call from now on. */
      readonly run: number;
      readonly id: number;
      readonly name: string | undefined;
      readonly priority: number;
      readonly attempt: number;
      readonly task: { readonly id: number; readonly origin: TaskDefinition };
      readonly args: Packed;
      /** What its code sees of where it was submitted. */
      readonly context: Packed | undefined;
    }
  | { readonly kind: 'task-gone'; readonly id: number }
  /** The process is to end, and to leave its coverage. */
  | { readonly kind: 'end' }
  /** Asks whether the event loop turns in which the jobs run. */
  | { readonly kind: 'ping' }
  /** A task to run that is no job. */
  | { readonly kind: 'hook'; readonly task: TaskDefinition; readonly args: Packed; readonly isAsked: boolean }
  | { readonly kind: 'profile'; readonly step: ProfileStep }
  | { readonly kind: 'cancel'; readonly run: number; readonly reason: unknown }
  | { readonly kind: 'child-ended'; readonly child: number; readonly value: Packed }
  | { readonly kind: 'child-failed'; readonly child: number; readonly error: ErrorRecord }
  | { readonly kind: 'exchange'; readonly message: RegistryMessage };

/** A message of a task's code, or of the process that runs it. */
export type FromProcess =
  | { readonly kind: 'ready' }
  | { readonly kind: 'pong' }
  | { readonly kind: 'reported'; readonly run: number; readonly value: Packed }
  | { readonly kind: 'returned'; readonly run: number; readonly value: Packed }
  | { readonly kind: 'threw'; readonly run: number; readonly error: ErrorRecord; readonly hasCode: boolean }
  | { readonly kind: 'token-cancelled'; readonly run: number; readonly reason: unknown }
  /** A call's code submits a child; `values` are its arguments, options and context. */
  | {
      readonly kind: 'asked';
      readonly run: number;
      readonly child: number;
      readonly task: TaskDefinition;
      readonly values: Packed;
    }
  | { readonly kind: 'child-cancelled'; readonly child: number; readonly reason: unknown }
  | { readonly kind: 'hook-begun' }
  | { readonly kind: 'hook-returned'; readonly value: Packed }
  | { readonly kind: 'hook-threw'; readonly error: ErrorRecord }
  | { readonly kind: 'late-error'; readonly error: ErrorRecord; readonly jobId: number | undefined }
  | { readonly kind: 'profiled'; readonly profile: ThreadProfile | undefined }
  | { readonly kind: 'printed'; readonly printed: readonly Printed[] }
  /** The thread that ran the tasks has died: this process ends. */
  | { readonly kind: 'lost'; readonly exitCode: number; readonly cause: ErrorRecord | undefined }
  /** `by`: the call in whose code it came about, where that is known. */
  | { readonly kind: 'exchange'; readonly message: RegistryMessage; readonly by: number | undefined };
