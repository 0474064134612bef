import { fileURLToPath } from 'node:url';
import ts from 'typescript';

const entries = ['index', 'worker'].map((name) => fileURLToPath(new URL(`../../dist/${name}.d.ts`, import.meta.url)));

/**
 * All public functions, methods and constructors that take options, by names such as `Mutex.lock` and `new ThreadPool`: found
 * in the published types, so that one that is added later is found, too.
 */
export function takersOfOptions(): readonly string[] {
  return publicFunctions(({ parameters }) => parameters.some((parameter) => isOptions(parameter)));
}

/** All public functions, methods and constructors with a signature that `isMeant`. */
export function publicFunctions(isMeant: (signature: ts.Signature) => boolean): readonly string[] {
  const program = ts.createProgram(entries, {
    target: ts.ScriptTarget.ES2023,
    module: ts.ModuleKind.NodeNext,
    skipLibCheck: true,
    types: ['node'],
  });
  const checker = program.getTypeChecker();
  const found = new Set<string>();
  const note = (name: string, signatures: readonly ts.Signature[]): void => {
    if (signatures.some(isMeant)) found.add(name);
  };
  const noteMembers = (owner: string, type: ts.Type): void => {
    for (const member of type.getProperties()) {
      const declaration = member.declarations?.[0];
      if (declaration === undefined || member.name === 'prototype' || isOfTypeScript(declaration)) continue;
      note(`${owner}.${member.name}`, checker.getTypeOfSymbolAtLocation(member, declaration).getCallSignatures());
    }
  };
  for (const entry of entries) {
    const file = program.getSourceFile(entry);
    const module = file && checker.getSymbolAtLocation(file);
    if (module === undefined) throw new Error(`Cannot read ${entry}: build the library first`);
    for (const exported of checker.getExportsOfModule(module)) {
      const symbol = exported.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(exported) : exported;
      const declaration = symbol.declarations?.[0];
      if (declaration === undefined) continue;
      if (symbol.flags & ts.SymbolFlags.Value) {
        const value = checker.getTypeOfSymbolAtLocation(symbol, declaration);
        note(exported.name, value.getCallSignatures());
        note(`new ${exported.name}`, value.getConstructSignatures());
        noteMembers(exported.name, value); // static
      }
      if (symbol.flags & (ts.SymbolFlags.Class | ts.SymbolFlags.Interface | ts.SymbolFlags.TypeAlias))
        noteMembers(exported.name, checker.getDeclaredTypeOfSymbol(symbol));
    }
  }
  return [...found].sort();
}

/** By its name, or by that of its type: the parameters of `submit` are a tuple that ends in options. */
function isOptions(parameter: ts.Symbol): boolean {
  const declaration = parameter.declarations?.[0];
  const type = declaration !== undefined && ts.isParameter(declaration) ? declaration.type?.getText() : undefined;
  return /options$/i.test(parameter.name) || /Options\b|\bSubmitRest\b/.test(type ?? '');
}

function isOfTypeScript(declaration: ts.Declaration): boolean {
  return /[\\/]node_modules[\\/]/.test(declaration.getSourceFile().fileName);
}
