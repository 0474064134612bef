import { execFile } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, test } from '@jest/globals';
import ts from 'typescript';

const dist = fileURLToPath(new URL('../../dist/', import.meta.url));
const FILES = readdirSync(dist, { recursive: true, encoding: 'utf8' }).filter((file) => /\.[cm]?js$/.test(file));

/** What code may ask of the platform while jobs run, and why. */
const MAY_BE_LIVE = new Map([
  ['undefined', 'a constant'],
  ['arguments', 'of the function itself'],
  ['exports', 'the own surface of a CommonJS file'],
  ['poolWorker', 'what the entry of a thread exports to the file that it compiles on demand'],
  ['require', 'the file its own, for what is read late'],
  ['module', 'as above'],
  ['__filename', 'the own place of a CommonJS file'],
  ['__dirname', 'as above'],
  ['Date.now', 'points in time that the program names are told by its own clock, faked or not'],
  ['process.emitWarning', 'programs replace it to filter warnings'],
  ['process.env', 'settings of the program'],
]);

/** Globals that a file reads in functions: whatever the compiler's own scopes do not know. */
function liveReads(file: string): string[] {
  const text = readFileSync(`${dist}${file}`, 'utf8');
  const source = ts.createSourceFile(`/${file}`, text, ts.ScriptTarget.ES2023, true, ts.ScriptKind.JS);
  const host: ts.CompilerHost = {
    ...ts.createCompilerHost({}),
    getSourceFile: (name) => (name === source.fileName ? source : undefined),
    fileExists: (name) => name === source.fileName,
  };
  const options = { allowJs: true, noLib: true, noResolve: true, types: [], target: ts.ScriptTarget.ES2023 };
  const checker = ts.createProgram([source.fileName], options, host).getTypeChecker();
  const found = new Set<string>();
  const visit = (node: ts.Node, isInFunction: boolean): void => {
    if (isFileOfPackage(node)) return;
    if (ts.isIdentifier(node) && isInFunction && isRead(node) && !isDeclared(node)) found.add(pathOf(node));
    const isFunction = ts.isFunctionLike(node) || (ts.isPropertyDeclaration(node) && !isStatic(node));
    ts.forEachChild(node, (child) => visit(child, isInFunction || isFunction));
  };
  const isDeclared = (node: ts.Identifier): boolean => {
    const symbol =
      ts.isShorthandPropertyAssignment(node.parent) && node.parent.name === node
        ? checker.getShorthandAssignmentValueSymbol(node.parent)
        : checker.getSymbolAtLocation(node);
    return (symbol?.declarations?.length ?? 0) > 0;
  };
  visit(source, false);
  return [...found].filter((path) => !MAY_BE_LIVE.has(path)).sort();
}

/** `new URL('./file', import.meta.url)`, as bundlers have to see it. */
function isFileOfPackage(node: ts.Node): boolean {
  return ts.isNewExpression(node) && /^new URL\((["'])\.\/[\w.-]+\1, ?import\.meta\.url\)$/.test(node.getText());
}

function isStatic(node: ts.PropertyDeclaration): boolean {
  return node.modifiers?.some(({ kind }) => kind === ts.SyntaxKind.StaticKeyword) ?? false;
}

/** Whether an identifier stands for a variable, not for the name of something. */
function isRead(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === node;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === node;
  if (ts.isBindingElement(parent)) return parent.initializer === node;
  if (ts.isMetaProperty(parent) || ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false;
  return (
    !(ts.isMethodDeclaration(parent) || ts.isAccessor(parent) || ts.isPropertyDeclaration(parent)) ||
    parent.name !== node
  );
}

function pathOf(node: ts.Identifier): string {
  const { parent } = node;
  const path = ts.isPropertyAccessExpression(parent) ? `${node.text}.${parent.name.text}` : node.text;
  return MAY_BE_LIVE.has(node.text) ? node.text : path;
}

describe('what the library asks of the platform', () => {
  test.each(FILES)('is captured as it is loaded: %s', (file) => {
    expect(liveReads(file)).toEqual([]);
  });

  // Node loads these when they are first read
  test('does not load the classes of streams before one is sent, and does not replace those of the program', async () => {
    const program = `
      const before = new Set(process.moduleLoadList);
      const { ThreadPool } = await import(${JSON.stringify(new URL('../../dist/index.js', import.meta.url).href)});
      const loaded = process.moduleLoadList.filter((name) => !before.has(name) && name.includes('webstreams'));
      const stream = new ReadableStream({ start: (controller) => { controller.enqueue('sent'); controller.close(); } });
      globalThis.ReadableStream = class Polyfill {};
      const pool = new ThreadPool({ maxWorkers: 1 });
      const read = await pool.submit(async (moved) => (await moved.getReader().read()).value, [stream], { transfer: [stream] });
      console.log(JSON.stringify({ loaded, read, name: ReadableStream.name }));
      await pool.shutdown();
    `;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', program]);
    expect(JSON.parse(stdout)).toEqual({ loaded: [], read: 'sent', name: 'Polyfill' });
  });
});
