// A plugin of rollup: what a bundle asks of the platform, it asks once, as it is loaded. A job, a polyfill or a mock may
// replace any global later (`Promise`, `setTimeout`, `Object.keys`, what a builtin module exports): our code goes on with
// what it found. The sources stay as they are; nobody can forget to capture one.
// See docs/decisions/0020-captured-at-load.md; tests/package/captured.test.ts looks for what was missed.
import { attachScopes } from '@rollup/pluginutils';
import MagicString from 'magic-string';

/** What stays live, and why. */
const LIVE = new Set([
  'process.emitWarning', // programs replace it to filter warnings
  'process.env', // settings, which a program may set after it has loaded us
  'process.execArgv',
  'process.features',
  'process.connected', // changes by itself, as do the streams: they are made when first asked for
  'process.stdout',
  'process.stderr',
  'process.pid',
]);

/** Points in time that the program names are told by its own clock, faked or not. */
const WALL_CLOCK = 'Date.now';

/** Globals that are read at once, not as something to be kept. */
const NOT_CAPTURED = new Set(['undefined', 'NaN', 'Infinity']);

/** Where these are had from instead. */
const SOURCES = new Map([
  ['globalThis', 'globalThis'],
  ['Promise', '(async () => {})().constructor'], // the engine's own, where a polyfill has taken its name before us
]);

/** Methods of these need their object. */
const NEEDS_THIS = new Set(['Promise', 'process']);

export const capture = {
  name: 'capture',
  renderChunk(code) {
    const captures = new Captures(this.parse(code), code);
    return captures.render(captures.declarations());
  },
};

/**
 * For an entry in CommonJS that compiles one of its files on demand. By then a job may have replaced what that file uses of the
 * platform, so the entry captures it, too, as `BUILTINS_OF_LATER`. The file becomes the body of a function: its parameters are
 * `builtins`, the exports of the entry, named as rollup names them, and its own `exports`.
 */
export function captureForLater(laterFile) {
  let tellLater;
  const later = new Promise((resolve) => {
    tellLater = resolve; // the two are rendered beside each other
  });
  return {
    name: 'capture',
    async renderChunk(code, { fileName }) {
      const captures = new Captures(this.parse(code), code);
      if (fileName !== laterFile) {
        for (const [name, value] of await later) captures.constants.set(name, value);
        const names = [...(await later).keys()];
        return captures.render(`${captures.declarations()}const BUILTINS_OF_LATER = { ${names.join(', ')} };\n`);
      }
      tellLater(captures.constants);
      captures.removeImports();
      return captures.render(`const { ${[...captures.constants.keys()].join(', ')} } = builtins;\n`);
    },
  };
}

class Captures {
  /** The text of each constant, by its name, in the order of need. */
  constants = new Map();
  #ast;
  #text;
  /** Where each local name comes from that is a builtin module, or an export of one. */
  #builtins;
  #scope;
  /** Where the constants stand. */
  #start;

  constructor(ast, code) {
    this.#ast = ast;
    this.#text = new MagicString(code);
    this.#builtins = builtinsOf(ast);
    this.#scope = moduleScope(ast);
    this.#start = endOfImports(ast);
    this.#rewrite();
  }

  declarations() {
    return [...this.constants].map(([name, value]) => `const ${name} = ${value};\n`).join('');
  }

  removeImports() {
    for (const statement of this.#ast.body) if (isImport(statement)) this.#text.remove(statement.start, statement.end);
  }

  render(declarations) {
    this.#text.appendLeft(this.#start, `\n${declarations}`);
    return { code: this.#text.toString(), map: this.#text.generateMap({ hires: 'boundary' }) };
  }

  #rewrite() {
    forEachReference(this.#ast, this.#scope, (scope, node, parents) => {
      if (node.start < this.#start) return;
      const found = this.#constantFor(scope, node, parents);
      if (found === undefined) return;
      const parent = parents.at(-1);
      const isShorthand = parent.type === 'Property' && parent.shorthand && found.node === node;
      this.#text.update(found.node.start, found.node.end, isShorthand ? `${node.name}: ${found.name}` : found.name);
    });
  }

  #constantFor(scope, node, parents) {
    const builtin = this.#builtins.get(node.name);
    if (builtin !== undefined && isOfModule(scope, node.name)) return this.#fromBuiltin(builtin, node, parents);
    if (scope.contains(node.name) || !(node.name in globalThis) || NOT_CAPTURED.has(node.name)) return undefined;
    return this.#fromGlobal(node, parents);
  }

  #fromGlobal(node, parents) {
    const { name } = node;
    if (isFileOfPackage(parents.at(-1))) return undefined;
    const member = memberOf(node, parents);
    if (`${name}.${member?.property.name}` === WALL_CLOCK) return undefined;
    const whole = this.#constant(`$${name}`, SOURCES.get(name) ?? `globalThis.${name}`);
    if (member === undefined) return { node, name: whole };
    const path = `${name}.${member.property.name}`;
    const isFixed = name === 'globalThis' || !isMethod(globalThis[name], member.property.name) || LIVE.has(path);
    if (isFixed) return { node, name: whole };
    const value = `${whole}?.${member.property.name}`;
    const bound = NEEDS_THIS.has(name) ? `${value}?.bind(${whole})` : value;
    return { node: member, name: this.#constant(`$${name}_${member.property.name}`, bound) };
  }

  #fromBuiltin({ module, exported, isModule }, node, parents) {
    const local = node.name;
    let at = node;
    let path = local;
    let value = exported === undefined ? module : module[exported];
    let rest = parents;
    // `node_util.types.isPromise`: as far as it leads to something that may be replaced
    while (value !== null && typeof value === 'object') {
      const member = memberOf(at, rest);
      if (member === undefined) break;
      at = member;
      rest = rest.slice(0, -1);
      path += `.${member.property.name}`;
      value = value[member.property.name];
    }
    if (isModule && at === node) return undefined;
    return { node: at, name: this.#constant(`$${path.replaceAll('.', '_')}`, path) };
  }

  #constant(name, value) {
    this.constants.set(name, value);
    return name;
  }
}

function moduleScope(ast) {
  const scope = attachScopes(ast, 'scope');
  for (const { type, specifiers } of ast.body)
    if (type === 'ImportDeclaration') for (const { local } of specifiers) scope.declarations[local.name] = true;
  return scope;
}

/** The builtin modules that a bundle imports, and what of them, by its local names. */
function builtinsOf(ast) {
  const builtins = new Map();
  for (const statement of ast.body) {
    if (statement.type === 'ImportDeclaration' && statement.source.value.startsWith('node:')) {
      const module = process.getBuiltinModule(statement.source.value);
      for (const { type, imported, local } of statement.specifiers) {
        if (type !== 'ImportSpecifier') throw new Error(`Cannot capture: import names of ${statement.source.value}`);
        builtins.set(local.name, { module, exported: imported.name, isModule: false });
      }
    }
    for (const { id, init } of statement.declarations ?? []) {
      const source = init?.callee?.name === 'require' ? init.arguments[0]?.value : undefined;
      if (!source?.startsWith('node:')) continue;
      builtins.set(id.name, { module: process.getBuiltinModule(source), exported: undefined, isModule: true });
    }
  }
  return builtins;
}

/** After the last of the statements that import something: they come first. */
function endOfImports({ body }) {
  return body.findLast(isImport)?.end ?? body[0]?.start ?? 0;
}

function isImport({ type, declarations, expression }) {
  return type === 'ImportDeclaration' || (declarations?.[0]?.init ?? expression)?.callee?.name === 'require';
}

/** Whether the name means what it means at the top of the module. */
function isOfModule(scope, name) {
  for (let at = scope; at.parent !== undefined; at = at.parent) if (at.declarations[name]) return false;
  return true;
}

/** `name.property`, where that is what the reference is part of. */
function memberOf(node, parents) {
  const parent = parents.at(-1);
  if (parent?.type !== 'MemberExpression' || parent.object !== node || parent.computed || parent.optional)
    return undefined;
  return isTarget(parent, parents.at(-2)) ? undefined : parent;
}

/** `new URL('./file', import.meta.url)`: webpack and others recognize exactly this, and bring the file along. */
function isFileOfPackage({ type, callee, arguments: [file, base] = [] }) {
  const isOfThisModule = base?.type === 'MemberExpression' && base.object.type === 'MetaProperty';
  return type === 'NewExpression' && callee.name === 'URL' && file.type === 'Literal' && isOfThisModule;
}

function isTarget(node, parent) {
  return (parent?.type === 'AssignmentExpression' && parent.left === node) || parent?.type === 'UpdateExpression';
}

function isMethod(object, property) {
  return typeof object?.[property] === 'function';
}

/** Calls `visit` with each identifier that is read, the scope that it is in, and the nodes around it, the next one last. */
function forEachReference(ast, rootScope, visit) {
  const parents = [];
  const enter = (node, outer) => {
    const scope = node.scope ?? outer;
    const parent = parents.at(-1);
    if (node.type === 'Identifier') {
      if (isReference(node, parent)) visit(scope, node, parents);
      return;
    }
    parents.push(node);
    for (const key of Object.keys(node)) {
      const value = node[key];
      if (Array.isArray(value)) for (const each of value) enterIfNode(each, scope);
      else enterIfNode(value, scope);
    }
    parents.pop();
  };
  const enterIfNode = (value, scope) => {
    if (typeof value?.type === 'string') enter(value, scope);
  };
  enter(ast, rootScope);
}

function isReference(node, parent) {
  switch (parent.type) {
    case 'MemberExpression':
      return parent.object === node || parent.computed;
    case 'Property':
      return parent.value === node || parent.computed;
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return parent.value === node || parent.computed;
    case 'ImportSpecifier':
    case 'ExportSpecifier':
    case 'LabeledStatement':
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
      return false;
    default:
      return true;
  }
}
