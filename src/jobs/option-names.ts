import { describe } from '../errors.js';

/** Checks that options are an object, and that each one is known. @param path what stands before their names. */
export function checkOptionNames(
  options: unknown,
  known: ReadonlySet<string>,
  action: string,
  path = '',
): asserts options is object {
  if (typeof options !== 'object' || options === null)
    throw new TypeError(`Cannot ${action}: options must be an object, received ${describe(options)}`);
  for (const name of Object.keys(options)) {
    if (!known.has(name))
      throw new TypeError(
        `Cannot ${action}: there is no option '${path}${name}'; the options are ${[...known].join(', ')}`,
      );
  }
}
