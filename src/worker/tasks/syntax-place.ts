import { pathOf } from './node-modules.js';

// Built-in modules are loaded when needed, not imported: few threads need them, and all would start 1 ms later.
const { getBuiltinModule } = process;

interface Place {
  /** Both count from 1. */
  readonly line: number;
  readonly column: number;
}

/** Key by which the inspector reaches the error. */
const KEY = 'thread-system.syntax-error';
/** Most files that are read to find the one with the error. */
const MOST_FILES = 200;
const IMPORTED = /(?:\bfrom|\bimport)\s*['"](\.{1,2}\/[^'"]+)['"]/g;

/**
 * Returns the place of a syntax error in a module that could not be parsed, as `file:line:column` or `file:line`; `undefined` if it
 * is not known. Node.js puts it into the stack of errors of CommonJS modules and of missing exports. For other ES modules it
 * prints the place if nobody catches the error, but does not put it there.
 *
 * @param url the module that was imported, which has the error or imports a module that has it.
 */
export function placeOfSyntaxError(error: SyntaxError, url: string): string | undefined {
  if (!url.startsWith('file:')) return undefined;
  const [first = ''] = error.stack?.split('\n') ?? [];
  if (/:\d+$/.test(first) && !first.startsWith('SyntaxError')) return first;
  try {
    const place = inspectPlace(error);
    if (place === undefined) return undefined;
    const file = fileWith(error.message, place, url);
    const where = file ?? 'in a module that it imports, at ';
    return `${where}${file === undefined ? '' : ':'}${place.line}:${place.column}`;
  } catch {
    return undefined; // a Node.js without inspector
  }
}

/** Asks the inspector for the place that V8 keeps with the error. */
function inspectPlace(error: SyntaxError): Place | undefined {
  const { Session } = getBuiltinModule('node:inspector');
  const session = new Session();
  session.connect();
  Reflect.set(globalThis, KEY, error);
  try {
    let place: Place | undefined;
    session.post('Runtime.evaluate', { expression: `globalThis['${KEY}']` }, (_, evaluated) => {
      const errorObjectId = evaluated?.result?.objectId;
      session.post('Runtime.getExceptionDetails', { errorObjectId }, (__, reply?: object) => {
        const details = Reflect.get(reply ?? {}, 'exceptionDetails') as
          | { readonly lineNumber: number; readonly columnNumber: number }
          | undefined;
        if (details !== undefined) place = { line: details.lineNumber + 1, column: details.columnNumber + 1 };
      });
    });
    return place;
  } finally {
    Reflect.deleteProperty(globalThis, KEY);
    session.disconnect();
  }
}

/** Returns the first file, of the module's and those that it imports, that has at the place what the message says. */
function fileWith(message: string, { line, column }: Place, url: string): string | undefined {
  const [, token = ''] = /'(.+)'$/.exec(message) ?? [];
  const urls = [url];
  for (let index = 0; index < urls.length && index < MOST_FILES; index++) {
    const current = urls[index] ?? '';
    const text = textOf(current);
    const rest = text.split(/\r?\n/)[line - 1]?.slice(column - 1);
    if (rest !== undefined && rest !== '' && rest.startsWith(token)) return current;
    for (const [, specifier = ''] of text.matchAll(IMPORTED)) {
      const { href } = new URL(specifier, current);
      if (!urls.includes(href)) urls.push(href);
    }
  }
  return undefined;
}

function textOf(url: string): string {
  try {
    return getBuiltinModule('node:fs').readFileSync(pathOf(url), 'utf8');
  } catch {
    return ''; // a folder, or not there
  }
}
