// Builds the documentation as a static site: the pages that the README leads to, the files of the project that they link to, and
// an API reference made by typedoc from the docstrings, with one search for all of it. Fails if typedoc warns, such as of a
// link in a docstring that leads nowhere. Usage: node scripts/docs-site.mjs [folder] [--plain]   (default: site; plain: code without
// colours, in half the time)
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, extname, join, posix, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { Application, Converter, ReflectionKind } from 'typedoc';
import { checkLinks } from './dead-links.mjs';
import { root } from './packed.mjs';

const {
  values: { plain },
  positionals: [site = join(root, 'site')],
} = parseArgs({ allowPositionals: true, options: { plain: { type: 'boolean' } } });
const out = resolve(site);

/** The sub-paths of the package, in the order in which the site lists them. */
const ENTRIES = ['index', 'worker', 'metrics', 'otel', 'dashboard', 'cluster'];

/** Below which page the site lists those that the README does not name: the first whose folder a page is in. */
const PARENTS = {
  'docs/decisions/': 'docs/decisions/README.md',
  'examples/': 'examples/README.md',
  'src/': 'docs/architecture.md',
  'tests/': 'docs/seeds.md',
};

const LANGUAGES = { '.ts': 'ts', '.mjs': 'js', '.cjs': 'js', '.json': 'json', '.yml': 'yaml', '.yaml': 'yaml' };
const IMAGES = new Set(['.png', '.svg']);

/** Types by which the compiler infers others, and those that stand for exported ones: the reference names them without a page. */
const COMPILER_TYPES = [
  ...['Flag', 'ItemResult', 'FunctionOf', 'ReturnOf', 'More', 'Next', 'FunctionResult', 'FunctionArgs', 'ContextOf'],
  ...['ChildResult', 'ChildTask', 'Prerequisite', 'WaitToken', 'GraphPool', 'OtelCollection', 'ShownClusterMetrics'],
  ...['JobWaitOptions', 'TillOptions', 'CLOSED', 'EMPTY'],
];

// --- the pages, by their path in the project; a file that is no page is shown by one, such as examples/map.ts.md

const pages = new Map();

/** The path of the page for a file or folder of the project. */
function pageFor(path) {
  const isFolder = statSync(join(root, path)).isDirectory();
  if (isFolder && existsSync(join(root, path, 'README.md'))) return pageFor(posix.join(path, 'README.md'));
  const isPage = extname(path) === '.md';
  const page = isPage ? path : `${path}.md`;
  if (!pages.has(page)) pages.set(page, isPage ? readPage : isFolder ? listFolder : showFile);
  return page;
}

function readPage(path) {
  const text = readFileSync(join(root, path), 'utf8');
  const linked = outsideCode(text, (prose) =>
    prose.replace(/(\]\(|^\[[^\]]+\]:\s*)([^)\s#]+)/gm, (_, before, target) => before + follow(path, target)),
  );
  // typedoc leaves spans of code out of a heading's anchor
  const spelled = linked.replace(/^#+ .*`.*$/gm, (heading) => heading.replace(/`([^`]+)`/g, '<code>$1</code>'));
  const title = /^# (.*)$/m.exec(text)?.[1] ?? path;
  return { title: title.replaceAll('`', ''), text: spelled }; // front matter ends before a span of code
}

function listFolder(page) {
  const folder = page.slice(0, -'.md'.length);
  const files = readdirSync(join(root, folder), { withFileTypes: true }).filter((entry) => entry.isFile());
  const links = files.map(({ name }) => `- [${name}](${follow(page, `${posix.basename(folder)}/${name}`)})`);
  return { title: folder, text: `# ${folder}\n\n${links.join('\n')}\n`, group: 'Files' };
}

function showFile(page) {
  const path = page.slice(0, -'.md'.length);
  const fence = '`'.repeat(8);
  const text = readFileSync(join(root, path), 'utf8').trimEnd();
  const language = LANGUAGES[extname(path)] ?? 'text';
  return { title: path, text: `# ${path}\n\n${fence}${language}\n${text}\n${fence}\n`, group: 'Files' };
}

/** Applies `change` to what is neither a block nor a span of code. */
function outsideCode(text, change) {
  const parts = text.split(/(^```[\s\S]*?^```\s*$|`[^`\n]*`)/m);
  return parts.map((part, index) => (index % 2 === 0 ? change(part) : part)).join('');
}

/** What a link is written as: it leads to the page for the file that it names. */
function follow(from, target) {
  if (/^[a-z]+:/.test(target)) return target;
  const path = posix.join(posix.dirname(from), target).replace(/\/$/, '');
  if (!existsSync(join(root, path))) throw new Error(`${from} links to ${target}, which does not exist`);
  return IMAGES.has(extname(path)) ? target : posix.relative(posix.dirname(from), pageFor(path));
}

/** Reads the README, and all that it leads to. */
function readPages() {
  pageFor('README.md');
  for (const [path, read] of pages) pages.set(path, read(path)); // adds pages meanwhile
}

/** The pages that the README lists, in its order. */
function listedPages() {
  const [, list] = readFileSync(join(root, 'README.md'), 'utf8').split('## Documentation');
  return [...list.matchAll(/\]\(([^)#]+)\)/g)].map((match) => pageFor(match[1]));
}

/** Writes the pages and their images as typedoc reads them. Returns the paths of those at the top. */
function writePages(folder) {
  const top = listedPages();
  const children = new Map();
  for (const path of pages.keys()) {
    const parent = Object.entries(PARENTS).find(([start]) => path.startsWith(start))?.[1];
    if (parent !== undefined && !top.includes(path)) children.set(parent, [...(children.get(parent) ?? []), path]);
  }
  for (const [path, { title, text, group = 'Pages' }] of pages) {
    const below = (children.get(path) ?? []).map((child) => posix.relative(posix.dirname(path), child)).sort();
    const frontmatter = { title, group, ...(below.length > 0 && { children: below }) };
    const lines = Object.entries(frontmatter).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), path === 'README.md' ? text : `---\n${lines.join('')}---\n${text}`);
  }
  cpSync(join(root, 'docs'), join(folder, 'docs'), { recursive: true, filter: (from) => !from.endsWith('.md') });
  return top;
}

// --- the site

async function build(folder) {
  readPages();
  const top = writePages(folder);
  const app = await Application.bootstrapWithPlugins({
    name: 'thread-system',
    entryPoints: ENTRIES.map((name) => join(root, `src/${name}.ts`)),
    tsconfig: join(root, 'tsconfig.build.json'),
    skipErrorChecking: true, // npm run typecheck does it
    out,
    readme: join(folder, 'README.md'),
    projectDocuments: top.map((path) => join(folder, path)),
    searchInComments: true,
    searchInDocuments: true,
    searchGroupBoosts: { Files: 0 },
    groupOrder: ['Pages', 'Files', '*'],
    sort: ['kind', 'alphabetical-ignoring-documents'],
    disableSources: true,
    hideGenerator: true,
    ...(plain && { ignoredHighlightLanguages: [...Object.values(LANGUAGES), 'mjs', 'cjs', 'sh'] }),
    intentionallyNotExported: COMPILER_TYPES,
  });
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, showJobs);
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, hideInspection);
  const project = await app.convert();
  if (project === undefined) throw new Error('typedoc could not read src/');
  app.validate(project);
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) throw new Error('typedoc has complained: see above');
  const { pages, links, dead } = checkLinks(out);
  if (dead.length > 0) throw new Error(`Dead links:\n${dead.join('\n')}`);
  console.log(`${pages} pages, ${links} links between them: ${join(out, 'index.html')}`);
}

/** Has what names the class `Job` lead to the page of the exported type, which has its members. */
function showJobs(context, reflection) {
  if (reflection.name !== 'Job' || !reflection.kindOf(ReflectionKind.Interface)) return;
  const exported = context.getSymbolFromReflection(reflection);
  const { symbol } = context.checker.getDeclaredTypeOfSymbol(exported);
  context.registerReflection(reflection, symbol, undefined);
}

/** Leaves out the methods named `inspect.custom`, which only `console.log` calls. */
function hideInspection({ project }) {
  for (const method of project.getReflectionsByKind(ReflectionKind.Method))
    if (method.name === '[custom]') project.removeReflection(method);
}

const folder = mkdtempSync(join(tmpdir(), 'thread-system-site-'));
try {
  await build(folder);
} catch (error) {
  console.error(error.message);
  process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
