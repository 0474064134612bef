import type { CancellationToken } from 'thread-system';
import { taskModule } from 'thread-system';

type Words = Int32Array;

/** The types of `tests/tasks/basic.mjs`. */
interface BasicTasks {
  add(a: number, b: number): number;
  echo<T>(value: T): T;
  many(...values: unknown[]): unknown[];
  hold(words: Words, value?: number): number;
  holdAsync(words: Words, value?: number): Promise<number>;
  note(log: Words, value: number): void;
  noteSlowly(log: Words, value: number): void;
  spin(words?: Words): never;
  spinArrow(): never;
  idOfArrow(): number;
  idAndPriority(...more: unknown[]): number[];
  priorityAndId(...more: unknown[]): number[];
  idOfThis(): number;
  reportFromResult(): unknown;
  keepJob(): number;
  idOfKept(): number;
  spinUntilToken(token: CancellationToken): boolean;
  deaf(words: Words): never;
  fail(message: string): never;
  throwValue(value: unknown): never;
  exit(code: number): never;
  aboutMe(): { id: number; name: string; priority: number; attempt: number; workerId: number; isThis: boolean };
  report(values: unknown[]): number;
  yields(values: string[]): Generator<string, string, undefined>;
  yieldsAsync(values: number[]): AsyncGenerator<number, string, undefined>;
  makeBytes(size: number): Uint8Array;
  byteLength(bytes: Uint8Array): number;
  cancelToken(token: CancellationToken, reason?: unknown): string;
  cancelTokenAndHold(token: CancellationToken, words: Words): Promise<boolean>;
  cancelOwnToken(): boolean;
  untilAborted(words: Words): Promise<never>;
  leaveErrorBehind(): string;
  throwWhileOpen(): Promise<never>;
  failUntil(attempt: number): number;
  exitUntil(attempt: number): number;
  spinOnce(): { attempt: number; isCancelled: boolean };
  countAndFail(words: Words): never;
  cancelTokenAndFail(token: CancellationToken): Promise<never>;
  notExported(): void;
  notAFunction(): void;
}

/** The address of a fixture. */
export const fixture = (name: string): URL => new URL(`../tasks/${name}`, import.meta.url);

export const tasks = taskModule<BasicTasks>(fixture('basic.mjs'));
