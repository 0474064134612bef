import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';

/** A declaration that users see: an exported one, one that it extends or takes as options, or a member of these. */
export interface PublicDeclaration {
  /** Such as `JobOptions.priority`, or `PoolEvents.workerStarted.threadId`. */
  readonly name: string;
  /** What an editor shows of it, without tags; '' if it has no documentation. */
  readonly documentation: string;
  /** Whether it is a property of options that may be left out. */
  readonly isOption: boolean;
}

const root = new URL('../../', import.meta.url);
const { exports } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as { exports: object };

/** The types of each entry. */
const entries = [...new Set(typesIn(exports))].map((path) => fileURLToPath(new URL(path, root)));

function typesIn(entry: object): string[] {
  return Object.entries(entry).flatMap(([key, value]: [string, unknown]) => {
    if (typeof value === 'object' && value !== null) return typesIn(value);
    return key === 'types' ? [String(value)] : [];
  });
}

/** All declarations of the published types that an editor shows, found from what the entries export. */
export function publicDeclarations(): readonly PublicDeclaration[] {
  const options = { module: ts.ModuleKind.NodeNext, target: ts.ScriptTarget.ES2023, types: ['node'] };
  const program = ts.createProgram(entries, options);
  const checker = program.getTypeChecker();
  const found: PublicDeclaration[] = [];
  const visited = new Set<ts.Symbol>();

  const note = (name: string, symbol: ts.Symbol): void => {
    const documentation = ts.displayPartsToString(symbol.getDocumentationComment(checker));
    const isOption = /Options\./.test(name) && (symbol.declarations ?? []).some(isOptional);
    found.push({ name, documentation, isOption });
  };
  const noteSymbol = (symbol: ts.Symbol, name: string): void => {
    if (visited.has(symbol)) return;
    visited.add(symbol);
    const declarations = symbol.declarations?.filter((declaration) => !ts.isTypeParameterDeclaration(declaration));
    if (!declarations?.length || !declarations.every(isOurs)) return;
    note(name, symbol);
    for (const declaration of declarations) visit(declaration, name, false);
  };
  /** Notes the members within a node, and those of what it extends or takes as options. */
  const visit = (node: ts.Node, owner: string, isFollowed: boolean): void => {
    ts.forEachChild(node, (child) => {
      if (isNamedMember(child)) {
        const symbol = checker.getSymbolAtLocation(child.name);
        const name = `${owner}.${child.name.text}`;
        if (symbol !== undefined) note(name, symbol);
        visit(child, name, false);
        return;
      }
      const isName = ts.isIdentifier(child) && (ts.isTypeReferenceNode(node) || ts.isExpressionWithTypeArguments(node));
      if (isName && (isFollowed || child.text.endsWith('Options'))) {
        const symbol = checker.getSymbolAtLocation(child);
        if (symbol !== undefined) noteSymbol(resolved(symbol), child.text);
      }
      visit(child, owner, isFollowed || ts.isHeritageClause(child) || isOtherName(node));
    });
  };
  const resolved = (symbol: ts.Symbol): ts.Symbol =>
    symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;

  for (const entry of entries) {
    const file = program.getSourceFile(entry);
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`Cannot read ${entry}: build the library first`);
    for (const exported of checker.getExportsOfModule(module)) noteSymbol(resolved(exported), exported.name);
  }
  return found;
}

/** Members of classes, interfaces and type literals that are used by name; those of protocols, by symbols, explain themselves. */
function isNamedMember(node: ts.Node): node is ts.Node & { readonly name: ts.Identifier } {
  const isMember =
    ts.isPropertySignature(node) ||
    ts.isMethodSignature(node) ||
    ts.isPropertyDeclaration(node) ||
    ts.isMethodDeclaration(node) ||
    ts.isAccessor(node);
  return isMember && ts.isIdentifier(node.name);
}

function isOptional(declaration: ts.Declaration): boolean {
  return ts.isPropertySignature(declaration) && declaration.questionToken !== undefined;
}

/** Such as `type Job = Job$1`, where the bundler has renamed a class. */
function isOtherName(node: ts.Node): boolean {
  return (
    ts.isTypeAliasDeclaration(node) && ts.isTypeReferenceNode(node.type) && /\$\d+$/.test(node.type.typeName.getText())
  );
}

function isOurs(declaration: ts.Declaration): boolean {
  return !/[\\/]node_modules[\\/]/.test(declaration.getSourceFile().fileName);
}
