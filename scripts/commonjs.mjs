// CommonJS for what cannot require() an ES module: Jest without its ESM mode, older resolvers. A second copy of the code would be a
// third of the package, so dist/cjs/ has of each ES module only what its import and export statements say; dist/cjs/load.js
// evaluates the code between them.
import { parseAst } from 'rollup/parseAst';

/** The CommonJS module that stands for the ES module `code` of the file. */
export function commonJsOf(file, code) {
  const required = new Map();
  /** The text of what each local name of an import stands for. */
  const imported = new Map();
  /** The text of each export that is another module's, and the local names of the others. */
  const exported = { others: [], own: [] };
  let start = Number.POSITIVE_INFINITY;
  let end = 0;

  const importedBy = (source, { name }) => {
    if (!required.has(source)) required.set(source, `$${required.size}`);
    return `${required.get(source)}.${name}`;
  };
  for (const statement of parseAst(code).body) {
    const { type, specifiers = [], source } = statement;
    if (type === 'ImportDeclaration') {
      if (start < statement.start) throw new Error(`${file}: an import follows code`);
      for (const each of specifiers) {
        if (each.type !== 'ImportSpecifier') throw new Error(`${file}: import names of ${source.value}`);
        imported.set(each.local.name, importedBy(source.value, each.imported));
      }
    } else if (type === 'ExportNamedDeclaration' && statement.declaration === null) {
      for (const each of specifiers) {
        const value = source === null ? imported.get(each.local.name) : importedBy(source.value, each.local);
        if (value === undefined) exported.own.push(`${each.exported.name}:${each.local.name}`);
        else exported.others.push(`${each.exported.name}:${value}`);
      }
    } else {
      if (type.startsWith('Export')) throw new Error(`${file}: export names by one statement`);
      if (start === Number.POSITIVE_INFINITY) start = statement.start;
      end = statement.end;
    }
  }

  const lines = [...required].map(([source, name]) => `const ${name}=require(${JSON.stringify(source)})`);
  if (end > 0) {
    const line = code.slice(0, start).split('\n').length - 1;
    if (code.slice(start, end) !== codeIn(code, line).trimEnd())
      throw new Error(`${file}: its code must begin a line, and end with one statement that exports`);
    const names = JSON.stringify([...imported.keys()].join());
    const values = [...imported.values()].join();
    const own = JSON.stringify(exported.own.join());
    lines.push(`require("./load.js")(exports,${JSON.stringify({ file, line })},${names},[${values}],${own})`);
  }
  lines.push(`Object.assign(exports,{${exported.others.join()}})`);
  return `"use strict"\n${lines.join('\n')}\n`;
}

/** Between the lines of imports and the statement with all exports. */
function codeIn(text, line) {
  let start = 0;
  for (let i = 0; i < line; i++) start = text.indexOf('\n', start) + 1;
  return text.slice(start, text.lastIndexOf('export{'));
}

export const LOAD = `'use strict';
const { readFileSync } = require('node:fs');
const { join } = require('node:path');
const { pathToFileURL } = require('node:url');
const { assign } = Object;
/** Indirect, so that it evaluates in the realm of the caller, which test runners make for each test file. */
const evaluate = eval;

${codeIn}

/** Evaluates the code of an ES module beside this folder, on the lines that it has there, and assigns what it exports. */
module.exports = (exports, { file, line }, names, values, own) => {
  const path = join(__dirname, '..', file);
  const url = pathToFileURL(path).href;
  const code = codeIn(readFileSync(path, 'utf8'), line).replaceAll('import.meta.url', 'moduleUrl');
  const text = \`(function(moduleUrl,\${names}){'use strict';\${code}\\nreturn{\${own}}})\`;
  const run = evaluate(\`\${'\\n'.repeat(line)}\${text}\\n//# sourceURL=\${url}\\n//# sourceMappingURL=\${file}.map\`);
  assign(exports, run(url, ...values));
};
`;
