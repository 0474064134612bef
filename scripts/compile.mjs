// As `tsc -p tsconfig.build.json`, with one change to what it writes: methods of built-in objects are called as they are when
// the library is loaded, not as they are by then. A task, a polyfill or a mock may replace `Array.prototype.push` or
// `Map.prototype.get`; our own code goes on. The compiler knows by the types which calls those are, so the sources stay as
// they are:
//
//   list.push(x)            →  Array_push(list, x)
//   this.#jobs?.get(id)     →  the same of Map.get, where there is one
//   this.#jobs.size         →  Map_size(this.#jobs)
//   for (const x of list)   →  for (let index = 0; index < list.length; index++)
//   for (const x of jobs)   →  for (const x of setIterable(jobs)), and so with `…`
//   const [a, b] = pair     →  const { 0: a, 1: b } = pair
//
// The functions are in build/base/methods.js, which this writes. See docs/decisions/0020-captured-at-load.md.
import { writeFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const root = fileURLToPath(new URL('../', import.meta.url));
const METHODS = 'base/methods.js';

/** Those that call another method of their object, as it is by then. */
const OWN = new Map([
  ['Promise_catch', '(promise, onRejected) => then(promise, undefined, onRejected)'],
  ['Promise_finally', 'promiseFinally'],
]);

const VIEWS = [
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array'],
];
/** The prototype that the methods of an interface of the standard library are taken from. */
const PROTOTYPES = new Map([
  ...['Array', 'Map', 'Set', 'WeakMap', 'WeakSet', 'WeakRef', 'FinalizationRegistry'].map((name) => [name, name]),
  ...['Promise', 'String', 'RegExp', 'Date', 'Function', 'SharedArrayBuffer', 'ArrayBuffer'].map((name) => [
    name,
    name,
  ]),
  ...VIEWS.map((name) => [name, name]),
  ...['Array', 'Map', 'Set'].map((name) => [`Readonly${name}`, name]),
  ['CallableFunction', 'Function'],
  ['NewableFunction', 'Function'],
]);
const ITERABLES = new Map([
  ...['Map', 'ReadonlyMap', 'MapIterator'].map((name) => [name, 'mapIterable']),
  ...['Set', 'ReadonlySet', 'SetIterator'].map((name) => [name, 'setIterable']),
  ...['ArrayIterator', ...VIEWS].map((name) => [name, 'listIterable']),
]);

const config = ts.getParsedCommandLineOfConfigFile(
  join(root, 'tsconfig.build.json'),
  {},
  {
    ...ts.sys,
    onUnRecoverableConfigFileDiagnostic: (diagnostic) => report([diagnostic]),
  },
);
const program = ts.createProgram(config.fileNames, config.options);
const checker = program.getTypeChecker();
/** The functions that are needed, and what each is made of. */
const needed = new Map();

const { diagnostics } = program.emit(undefined, undefined, undefined, false, { before: [captureMethods] });
report([...ts.getPreEmitDiagnostics(program), ...diagnostics]);
writeFileSync(join(config.options.outDir, METHODS), methodsModule());

function captureMethods(context) {
  const { factory } = context;
  return (file) => {
    const used = new Set();
    const use = (name, made) => {
      used.add(name);
      if (made !== undefined) needed.set(name, made);
      return factory.createIdentifier(name);
    };
    const visit = (node) => {
      const change = changeOf(node);
      const visited = ts.visitEachChild(node, visit, context);
      return change === undefined ? visited : change(visited);
    };
    /** What is to become of a node, once all in it has become what it should: the types are known of the original. */
    const changeOf = (node) => {
      if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression))
        return borrowedChange(node) ?? fromEntriesChange(node) ?? callChange(node);
      if (ts.isNewExpression(node) && node.arguments?.length === 1) return collectionChange(node);
      if (ts.isVariableDeclaration(node) && ts.isArrayBindingPattern(node.name)) return declarationChange(node);
      if (ts.isPropertyAccessExpression(node)) return accessorChange(node);
      if (ts.isForOfStatement(node) && node.awaitModifier === undefined) return loopChange(node);
      if (ts.isSpreadElement(node)) {
        const iterable = iterableOf(node.expression);
        if (iterable !== undefined)
          return ({ expression }) => factory.updateSpreadElement(node, called(iterable, expression));
      }
      if (ts.isArrayBindingPattern(node) && isList(node)) return patternChange(node);
      return undefined;
    };
    const called = (iterable, expression) => factory.createCallExpression(use(iterable), undefined, [expression]);
    const loopChange = (node) => {
      if (isList(node.expression)) return indexLoop;
      const iterable = iterableOf(node.expression);
      if (iterable === undefined) return undefined;
      return ({ awaitModifier, initializer, expression, statement }) =>
        factory.updateForOfStatement(node, awaitModifier, initializer, called(iterable, expression), statement);
    };
    const indexLoop = ({ initializer, expression, statement }) => {
      const list = factory.createUniqueName('list');
      const index = factory.createUniqueName('index');
      const [{ name }] = initializer.declarations;
      const variable = (...parts) => factory.createVariableDeclaration(parts[0], undefined, undefined, parts[1]);
      const item = variable(name, factory.createElementAccessExpression(list, index));
      const variables = [variable(list, expression), variable(index, factory.createNumericLiteral(0))];
      return factory.createForStatement(
        factory.createVariableDeclarationList(variables, ts.NodeFlags.Let),
        factory.createLessThan(index, factory.createPropertyAccessExpression(list, 'length')),
        factory.createPostfixIncrement(index),
        factory.createBlock([
          factory.createVariableStatement(undefined, factory.createVariableDeclarationList([item], initializer.flags)),
          statement,
        ]),
      );
    };

    const callChange = (node) => {
      const method = methodOf(node.expression);
      if (method === undefined || typeof method.value !== 'function') return undefined;
      if (!ts.isOptionalChain(node))
        return ({ expression, arguments: given }) =>
          factory.createCallExpression(use(method.name, method.made), undefined, [expression.expression, ...given]);
      if (node.expression.questionDotToken === undefined || node.questionDotToken !== undefined || goesOn(node))
        return undefined;
      return ({ expression, arguments: given }) => {
        const object = factory.createTempVariable(context.hoistVariableDeclaration);
        return factory.createParenthesizedExpression(
          factory.createConditionalExpression(
            factory.createEquality(factory.createAssignment(object, expression.expression), factory.createNull()),
            undefined,
            factory.createVoidZero(),
            undefined,
            factory.createCallExpression(use(method.name, method.made), undefined, [object, ...given]),
          ),
        );
      };
    };
    /** `Object.prototype.toString.call(value)` */
    const borrowedChange = ({ expression: { expression, name } }) => {
      if (name.text !== 'call' || !ts.isPropertyAccessExpression(expression)) return undefined;
      const [, owner, method] = /^(\w+)\.prototype\.(\w+)$/.exec(expression.getText()) ?? [];
      if (owner === undefined) return undefined;
      return ({ arguments: given }) =>
        factory.createCallExpression(use(`${owner}_${method}`, `methodOf(${owner}, '${method}')`), undefined, given);
    };
    const fromEntriesChange = (node) => {
      const iterable = node.expression.getText() === 'Object.fromEntries' ? iterableOf(node.arguments[0]) : undefined;
      if (iterable === undefined) return undefined;
      return ({ expression, arguments: [entries] }) =>
        factory.createCallExpression(expression, undefined, [called(iterable, entries)]);
    };
    /** `new Map(entries)` would iterate over them, and add them by its methods, as these are by then. */
    const collectionChange = ({ expression, arguments: [items] }) => {
      const kind = expression.getText();
      const iterable = kind === 'Map' || kind === 'Set' ? iterableOf(items) : undefined;
      if (iterable === undefined) return undefined;
      return ({ arguments: [visited] }) => called(kind === 'Map' ? 'mapOf' : 'setOf', called(iterable, visited));
    };
    /** `const [first] = set` */
    const declarationChange = ({ initializer: items }) => {
      const iterable = items === undefined || isList(items) ? undefined : iterableOf(items);
      if (iterable === undefined) return undefined;
      return (visited) =>
        factory.updateVariableDeclaration(
          visited,
          visited.name,
          undefined,
          undefined,
          called(iterable, visited.initializer),
        );
    };
    const accessorChange = (node) => {
      if (ts.isOptionalChain(node) || isWritten(node)) return undefined;
      const method = methodOf(node);
      if (method === undefined || !method.isAccessor) return undefined;
      return ({ expression }) => factory.createCallExpression(use(method.name, method.made), undefined, [expression]);
    };
    const patternChange = (node) => {
      if (node.elements.some((element) => element.dotDotDotToken !== undefined)) return undefined;
      return ({ elements }) =>
        factory.createObjectBindingPattern(
          elements.flatMap((element, index) =>
            ts.isOmittedExpression(element)
              ? []
              : [
                  factory.createBindingElement(
                    undefined,
                    factory.createNumericLiteral(index),
                    element.name,
                    element.initializer,
                  ),
                ],
          ),
        );
    };

    const changed = ts.visitNode(file, visit);
    if (used.size === 0) return changed;
    const path = relative(
      join(config.options.rootDir, file.fileName.slice(config.options.rootDir.length), '..'),
      join(config.options.rootDir, METHODS),
    );
    const names = [...used].map((name) =>
      factory.createImportSpecifier(false, undefined, factory.createIdentifier(name)),
    );
    const clause = factory.createImportClause(undefined, undefined, factory.createNamedImports(names));
    const from = factory.createStringLiteral(path.startsWith('.') ? path : `./${path}`);
    return factory.updateSourceFile(changed, [
      factory.createImportDeclaration(undefined, clause, from),
      ...changed.statements,
    ]);
  };
}

/** What a property of a built-in object is, by its type: a method, or an accessor of its prototype. */
function methodOf({ expression, name }) {
  if (!ts.isIdentifier(name) || expression.kind === ts.SyntaxKind.SuperKeyword) return undefined;
  const symbol = checker.getSymbolAtLocation(name);
  const owners = new Set(symbol?.declarations?.map(ownerOf));
  const [owner] = owners;
  const isOne = owners.size === 1 || [...owners].every((each) => VIEWS.includes(each)); // they inherit the same
  if (!isOne || owner === undefined) return undefined;
  const descriptor = descriptorOf(globalThis[owner].prototype, name.text);
  if (descriptor === undefined) return undefined; // `constructor`, `length` of an array, what this Node does not have
  const isAccessor = descriptor.get !== undefined;
  const made = isAccessor ? `getterOf(${owner}, '${name.text}')` : `methodOf(${owner}, '${name.text}')`;
  return { name: `${owner}_${name.text}`, made, value: descriptor.value, isAccessor };
}

function ownerOf({ parent }) {
  if (!ts.isInterfaceDeclaration(parent)) return undefined;
  const { text: name } = parent.name;
  const file = parent.getSourceFile();
  if (program.isSourceFileDefaultLibrary(file)) return PROTOTYPES.get(name);
  return name === 'Buffer' && file.fileName.includes('/@types/node/') ? name : undefined;
}

function descriptorOf(prototype, key) {
  for (let at = prototype; at !== null && at !== Object.prototype; at = Object.getPrototypeOf(at)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, key);
    if (descriptor !== undefined) return key === 'constructor' ? undefined : descriptor;
  }
  return undefined;
}

/** The function that makes it iterable whatever was replaced, where it is a built-in object. */
function iterableOf(node) {
  const names = new Set(typesOf(node).map((type) => (isListType(type) ? 'listIterable' : ITERABLES.get(nameOf(type)))));
  const [name] = names;
  return names.size === 1 ? name : undefined;
}

function isList(node) {
  return typesOf(node).every(isListType);
}

function typesOf(node) {
  const type = checker.getTypeAtLocation(node);
  return type.isUnion() ? type.types : [type];
}

function isListType(type) {
  return checker.isArrayType(type) || checker.isTupleType(type);
}

function nameOf(type) {
  const name = type.symbol?.name.replace(/^Readonly/, '');
  const declaration = type.symbol?.declarations?.[0];
  return declaration !== undefined && program.isSourceFileDefaultLibrary(declaration.getSourceFile())
    ? name
    : undefined;
}

/** Whether an optional chain goes on behind it: all of that is left out where there is nothing. */
function goesOn(node) {
  const { parent } = node;
  return ts.isOptionalChain(parent) && parent.expression === node && parent.questionDotToken === undefined;
}

function isWritten(node) {
  const { parent } = node;
  return (
    ts.isBinaryExpression(parent) && parent.left === node && parent.operatorToken.kind === ts.SyntaxKind.EqualsToken
  );
}

function methodsModule() {
  const functions = [...needed].map(
    ([name, made]) => `export const ${name} = ${OWN.get(name) ?? `/* @__PURE__ */ ${made}`};\n`,
  );
  return `// Written by scripts/compile.mjs: methods of built-in objects as they are when this is loaded.
const { bind, call } = Function.prototype;
const uncurried = Reflect.apply(bind, bind, [call]);

function methodOf(owner, name) {
  const { prototype } = owner;
  return uncurried(prototype[\`__zone_symbol__\${name}\`] ?? prototype[name]); // zone.js keeps what it has replaced by that
}

function getterOf(owner, name) {
  for (let at = owner.prototype; ; at = Object.getPrototypeOf(at)) {
    const descriptor = Object.getOwnPropertyDescriptor(at, name);
    if (descriptor !== undefined) return uncurried(descriptor.get);
  }
}

const { iterator } = Symbol;
const { apply } = Reflect;
const { isArray } = Array;

/**
 * Makes a function that answers what \`for (… of …)\` and \`…\` may be given for a built-in object, or for an iterator of
 * one: the object itself, unless the methods have been replaced by which it is iterated over.
 */
function iterables(prototype, isOne) {
  const begin = prototype[iterator];
  const steps = Object.getPrototypeOf(apply(begin, new prototype.constructor(), []));
  const { next } = steps;
  const own = (of) => {
    const started = isOne(of) ? apply(begin, of, []) : of;
    return { next: () => apply(next, started, []), [iterator]: () => own(started) };
  };
  return { begin, steps, next, own };
}

const ofLists = iterables(Array.prototype, (of) => isArray(of) || ArrayBuffer.isView(of));
const ofMaps = iterables(Map.prototype, (of) => of instanceof Map);
const ofSets = iterables(Set.prototype, (of) => of instanceof Set);
// constants each, as these are looked at often
const ArrayPrototype = Array.prototype;
const { begin: beginList, steps: ListSteps, next: nextInList } = ofLists;
const MapPrototype = Map.prototype;
const { begin: beginMap, steps: MapSteps, next: nextInMap } = ofMaps;
const SetPrototype = Set.prototype;
const { set: setInMap } = MapPrototype;
const { add: addToSet } = SetPrototype;
const { begin: beginSet, steps: SetSteps, next: nextInSet } = ofSets;

export function listIterable(of) {
  return ArrayPrototype[iterator] === beginList && ListSteps.next === nextInList ? of : ofLists.own(of);
}

export function mapIterable(of) {
  return MapPrototype[iterator] === beginMap && MapSteps.next === nextInMap ? of : ofMaps.own(of);
}

const then = methodOf(Promise, 'then');

function promiseFinally(promise, fn) {
  if (typeof fn !== 'function') return then(promise, fn, fn);
  return then(
    promise,
    async (value) => {
      await fn();
      return value;
    },
    async (reason) => {
      await fn();
      throw reason;
    },
  );
}

export function mapOf(entries) {
  const map = new Map();
  for (const entry of entries) apply(setInMap, map, entry);
  return map;
}

export function setOf(items) {
  const set = new Set();
  for (const item of items) apply(addToSet, set, [item]);
  return set;
}

export function setIterable(of) {
  return SetPrototype[iterator] === beginSet && SetSteps.next === nextInSet ? of : ofSets.own(of);
}

${functions.sort().join('')}`;
}

function report(diagnostics) {
  if (diagnostics.length === 0) return;
  const host = { getCanonicalFileName: (name) => name, getCurrentDirectory: () => root, getNewLine: () => '\n' };
  console.error(ts.formatDiagnosticsWithColorAndContext(diagnostics, host));
  process.exit(1);
}
