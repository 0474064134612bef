import { readFileSync } from 'node:fs';
import { parse } from 'acorn';

/** How many statements a source file has at its top level, and how long it is. @param {string} path */
export function parseFile(path) {
  const { body, end } = parse(readFileSync(path, 'utf8'), { ecmaVersion: 'latest', sourceType: 'module' });
  return { statements: body.length, end };
}
