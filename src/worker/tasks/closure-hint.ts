import type { KnownTask } from './known-task.js';

const MODULE = 'export the function from a module and submit it by taskModule()';
const IMPORT = `get a built-in module by process.getBuiltinModule('node:…') in the function, or ${MODULE}`;
const SYNTAX = `have the compiler leave the syntax as it is, by a newer target, or ${MODULE}`;
/** The text of an arrow function. */
const ARROW = /^(async\s*)?(\([^)]*\)|[\w$]+)\s*=>/;
const RELATIVE_IMPORT = /\bimport\(\s*['"`]\.{1,2}\//;
const PERHAPS = `${IMPORT}; or pass a value of your own as an argument`;

/**
 * Names that tools write into a function's text in place of the author's. The author does not know them, and cannot pass them as
 * arguments. The first that matches applies. Names that a text can do without are in `stand-ins.ts`.
 */
const TOOLS: readonly (readonly [names: RegExp, what: string, advice: string])[] = [
  [/^(require|module|exports|__filename|__dirname)$/, 'of CommonJS modules and no global', IMPORT],
  [/^__(import|export)(Star|Default)$/, 'how TypeScript writes an import', IMPORT],
  [/^_interop_?require_?(wildcard|default)\d*$/i, 'how Babel and SWC write an import', IMPORT],
  [/^__(toESM|require|commonJS|toCommonJS|esm|export|reExport)\d*$/, 'how esbuild writes an import', IMPORT],
  [/^__(vite_ssr|vi)_\w+$/, 'how Vite and Vitest write an import', IMPORT],
  [/^__(webpack|rspack)_\w+$|__WEBPACK_|_namespaceObject$/, 'how webpack writes an import', IMPORT],
  [/^__turbopack_\w+$|^parcelRequire\w*$/, 'how a bundler writes an import', IMPORT],
  // __awaiter, __generator, __rest …; __async, __spreadValues, __objRest …
  [/^__[a-z]\w*$|^tslib(_\d+)?$/, 'a helper of a compiler, such as TypeScript or esbuild', SYNTAX],
  [
    /^_(async|await|wrap_?async|regenerator|ts_|object_?(spread|without)|define_?prop|extends|sliced_?to|to_?(consumable|array)|create_?(for|class)|class_?(call|private)|inherits|call_?super|get_?prototype|type_?of|tagged|using_?ctx)\w*$|^_(ref|this|arguments)\d*$|^regeneratorRuntime$/i,
    'a helper of a compiler, such as Babel or SWC',
    SYNTAX,
  ],
  [/^\w+_\d+$|^_[a-z]\w*$/i, 'perhaps how a compiler has named an import', PERHAPS],
  [/^[\w$]{1,2}$|\$\d+$/, 'perhaps how a minifier or a bundler has named something', PERHAPS],
];

/** Adds to an error of an inline function why a name, its `this` or an import is missing there, as its author may not expect that. */
export function explainMissingName(task: KnownTask, error: unknown): void {
  if (task.definition.kind !== 'inline') return;
  try {
    if (!(error instanceof Error)) return;
    const { message, stack } = error; // before the change: the text of the stack is made when it is first read
    const why = whyOf(error, task.definition);
    if (why === undefined) return;
    error.message += why;
    error.stack = stack?.replace(message, () => error.message) ?? error.message;
  } catch {
    // frozen, or a Proxy that throws when it is read: the error stays as it is
  }
}

/** The text of an inline function, and its name. */
type Definition = Extract<KnownTask['definition'], { kind: 'inline' }>;

function whyOf(error: Error, definition: Definition): string | undefined {
  const { text, name: task } = definition;
  const { message } = error;
  if (error instanceof ReferenceError) {
    const name = /^(\S+) is not defined$/.exec(message)?.[1];
    return name === undefined ? undefined : explanation(definition, name);
  }
  if (error instanceof TypeError && ARROW.test(text) && /^this\.\S+ is not a function$/.test(message))
    return ': an arrow function has no `this` of its own; write function () { … }, or use currentJob() of thread-system/worker';
  if (Reflect.get(error, 'code') === 'ERR_MODULE_NOT_FOUND' && RELATIVE_IMPORT.test(text))
    return `: the function '${task}' was sent by its source text, so its relative import does not start from the file it was written in; pass new URL('./x.js', import.meta.url).href as an argument and import that, or ${MODULE}`;
  return undefined;
}

function explanation({ text, name: task }: Definition, name: string): string {
  const sent = `: the function '${task}' was sent by its source text, so it sees its arguments and globals but not '${name}'`;
  const tool = TOOLS.find(([names]) => names.test(name));
  if (tool !== undefined) return `${sent}, which is ${tool[1]}; ${tool[2]}`;
  if (text.includes(`${name}.submit(`))
    return `${sent} of the code around it; if that is the pool, submit by currentJob().submit(), of thread-system/worker`;
  return `${sent} of the code around it; export it from a module and submit it by taskModule(), which would see it, or pass '${name}' as an argument`;
}
