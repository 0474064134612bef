import { type Given, optionNames, readOptions } from '../base/check/options.js';
import type { ChildOptions } from './current-job.js';
import { JOB_OPTION_NAMES } from './job-option-names.js';

const {
  signal: _signal,
  dependsOn: _dependsOn,
  key: _key,
  retry: _retry,
  transfer: _transfer,
  ...OF_CHILDREN
} = JOB_OPTION_NAMES;
/** The compiler rejects a list with a missing or unknown name. */
const CHILD_OPTIONS = optionNames<ChildOptions & Pick<ChildOptions, keyof typeof OF_CHILDREN>>(OF_CHILDREN);

/** Reads the job options that are valid for a child. @throws {TypeError} if there are others. */
export function readChildOptions(options: unknown, action: string): Given<ChildOptions> {
  return readOptions(options, CHILD_OPTIONS, action);
}
