import type { CurrentJob } from '../../contract/current-job.js';
import type { ModuleTask, TaskResult } from '../../jobs/task.js';
import type { MapOptions } from './map-options.js';

/** A task that takes one item, followed by the arguments `A`. */
export type ItemTask<T, R, A extends readonly unknown[] = []> =
  | ((this: CurrentJob, item: T, ...args: A) => R)
  | ModuleTask<(this: CurrentJob, item: T, ...args: A) => R>;

/** What became of an item of a map with `settled`. */
export type SettledItem<R> =
  | {
      /** Whether the item has a result. */
      readonly status: 'fulfilled';
      /** What the task returned. */
      readonly value: R;
    }
  | {
      /** Whether the item has a result. */
      readonly status: 'rejected';
      /** What the task threw, or why it was not called. */
      readonly reason: unknown;
      /** The item's index, from 0. */
      readonly index: number;
    };

/** Why a map has failed. */
export interface MapFailure {
  /**
   * Index of the item that failed, from 0. The first of a job of several items if its thread died or a time limit passed.
   * `undefined` if no item failed: the source did, or the map was cancelled.
   */
  readonly index: number | undefined;
  /** What the map rejects with. */
  readonly error: unknown;
}

/** What a task that returns `R` gives with `flat`: one of the values that it yields, or of the elements that it returns. */
export type FlatResult<R> =
  R extends Generator<infer Y, unknown, unknown>
    ? Y
    : R extends AsyncGenerator<infer Y, unknown, unknown>
      ? Awaited<Y>
      : Awaited<R> extends readonly (infer E)[]
        ? E
        : Awaited<R>;

type Flag<O, K extends PropertyKey> = O extends { readonly [N in K]: infer V } ? V : false;

type ItemResult<R, O> = Flag<O, 'flat'> extends true ? FlatResult<R> : TaskResult<() => R>;

/** A result of a map with the options `O` of a task that returns `R`. */
export type MapResult<R, O> = Flag<O, 'settled'> extends true ? SettledItem<ItemResult<R, O>> : ItemResult<R, O>;

/** The parameters of `map` after the items. The options may be left out if the task needs no arguments besides the item. */
export type MapRest<A extends readonly unknown[], O> = A extends readonly []
  ? [options?: O]
  : [] extends A
    ? [
        options?: O & {
          /** Arguments that follow the item in every call. */
          readonly args?: Readonly<A>;
        },
      ]
    : [
        options: O & {
          /** Arguments that follow the item in every call. */
          readonly args: Readonly<A>;
        },
      ];

/** Options with which a typed array results in one of the same kind. */
export interface PlainMapOptions extends MapOptions {
  readonly settled?: false | undefined;
  readonly flat?: false | undefined;
}
