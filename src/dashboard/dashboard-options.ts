import type { IncomingMessage } from 'node:http';
import { mustBe, wrongType, wrongValue } from '../base/check/argument-errors.js';
import { optionNames, readOptions } from '../base/check/options.js';
import { checkArray, checkBoolean, checkFunction, checkInteger, checkOneOf, checkText } from '../base/check/values.js';
import type { DashboardAction } from './messages.js';

/** What is shown of jobs. */
export interface DashboardShow {
  /** Whether the arguments of jobs are shown: they may hold secrets. Default: `false`. */
  readonly args?: boolean | undefined;
  /** Whether everything that jobs report is shown, and not only numbers. Default: `false`. */
  readonly results?: boolean | undefined;
  /** Whether failures are shown with the stacks of their errors. Default: `true`. */
  readonly stacks?: boolean | undefined;
}

/** What a dashboard shows, to whom, and what it may do. */
export interface DashboardOptions {
  /** Time from one snapshot to the next, in milliseconds, while there are viewers. Default: 1,000. */
  readonly everyMs?: number | undefined;
  /** The token that each request must have in its header `Authorization: Bearer …`. Default: none. */
  readonly token?: string | undefined;
  /** Called for each request, instead of `token`; returns whether it is allowed. Default: all are allowed. */
  readonly authorize?: ((request: IncomingMessage) => boolean | Promise<boolean>) | undefined;
  /** What may be done from the page. Needs `token` or `authorize`. Default: nothing. */
  readonly actions?: readonly DashboardAction[] | undefined;
  /** What is shown of jobs. Default: `{ args: false, results: false, stacks: true }`. */
  readonly show?: DashboardShow | undefined;
  /** How many snapshots the charts go back. Default: 600. */
  readonly history?: number | undefined;
  /** How many failures are kept; those of one task with the same message count as one. Default: 200. */
  readonly failures?: number | undefined;
}

/** Checked options. */
export interface DashboardSettings {
  readonly everyMs: number;
  readonly token: string | undefined;
  readonly authorize: ((request: IncomingMessage) => unknown) | undefined;
  readonly actions: readonly DashboardAction[];
  readonly show: { readonly args: boolean; readonly results: boolean; readonly stacks: boolean };
  readonly history: number;
  readonly failures: number;
}

const OPTIONS = optionNames<DashboardOptions>({
  everyMs: true,
  token: true,
  authorize: true,
  actions: true,
  show: true,
  history: true,
  failures: true,
});
const SHOW = optionNames<DashboardShow>({ args: true, results: true, stacks: true }, 'show.');
const ACTIONS = ['cancel', 'pause', 'priority', 'retry'] as const;
/** The action that error messages name. */
export const ACTION = 'make a dashboard';

const LONGEST_MS = 3_600_000;
const MOST_POINTS = 100_000;
const MOST_FAILURES = 10_000;

/** @throws {TypeError | RangeError} that names the option, the rule and the value received. */
export function readDashboardOptions(options: unknown): DashboardSettings {
  const given = readOptions<DashboardOptions>(options, OPTIONS, ACTION);
  const { everyMs = 1_000, token, authorize, history = 600, failures = 200 } = given;
  if (token !== undefined) checkText(token, 'token', ACTION);
  if (authorize !== undefined) checkFunction<(request: IncomingMessage) => unknown>(authorize, 'authorize', ACTION);
  if (token !== undefined && authorize !== undefined)
    throw wrongType(ACTION, 'authorize is instead of token: give one of them');
  const actions = given.actions === undefined ? [] : checkActions(given.actions);
  if (actions.length > 0 && token === undefined && authorize === undefined)
    throw wrongType(ACTION, 'actions need token or authorize: anybody could take them');
  return {
    everyMs: checkEveryMs(everyMs),
    token: token as string | undefined,
    authorize: authorize as DashboardSettings['authorize'],
    actions,
    show: readShow(given.show),
    history: checkInteger(history, 'history', { from: 1, to: MOST_POINTS }, ACTION),
    failures: checkInteger(failures, 'failures', { from: 0, to: MOST_FAILURES }, ACTION),
  };
}

function checkEveryMs(value: unknown): number {
  if (typeof value !== 'number') throw mustBe('a number of milliseconds', value, 'everyMs', ACTION);
  if (!(value > 0 && value <= LONGEST_MS))
    throw wrongValue(ACTION, `everyMs must be more than 0 and at most ${LONGEST_MS} milliseconds`, String(value));
  return value;
}

function checkActions(value: unknown): readonly DashboardAction[] {
  const actions = checkArray(value, 'actions', ACTION);
  return [...new Set(actions.map((action) => checkOneOf(action, ACTIONS, 'each of actions', ACTION)))];
}

function readShow(value: unknown): DashboardSettings['show'] {
  const { args = false, results = false, stacks = true } = readOptions<DashboardShow>(value, SHOW, ACTION);
  return {
    args: checkBoolean(args, 'show.args', ACTION),
    results: checkBoolean(results, 'show.results', ACTION),
    stacks: checkBoolean(stacks, 'show.stacks', ACTION),
  };
}
