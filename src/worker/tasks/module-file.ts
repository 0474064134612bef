import { pathOf } from './node-modules.js';

// Built-in modules are loaded when needed, not imported: few threads need them, and all would start 1 ms later.
const { getBuiltinModule } = process;

/**
 * Extensions under which a module may be found that was named with another: its TypeScript source if that is run without
 * compiling, or what it was compiled to.
 */
const COUNTERPARTS: Readonly<Record<string, readonly string[]>> = {
  ...{ '.js': ['.ts', '.tsx'], '.mjs': ['.mts'], '.cjs': ['.cts'], '.jsx': ['.tsx'] },
  ...{ '.ts': ['.js'], '.tsx': ['.js', '.jsx'], '.mts': ['.mjs'], '.cts': ['.cjs'] },
};
const EXTENSION = /\.[cm]?[jt]sx?(?=$|[?#])/;

/** The folders of packages under Yarn PnP, which only its loader can read. */
const ARCHIVE = /\.zip[\\/]|[\\/](?:__|\$\$)virtual/;
const OF_ARCHIVES =
  ', which only the loader of Yarn PnP can read: the option env has to keep NODE_OPTIONS, as env: { ...process.env, … } does';

/**
 * Returns the URL of the file that a task module's URL means: that file if it exists, otherwise the one beside it with the
 * extension that TypeScript's compiler would exchange. Returns the URL itself if there is neither, or it names no file.
 */
export function fileUrlOf(url: string): string {
  return candidates(url).find(exists) ?? url;
}

/** Says which files `fileUrlOf` looked for; `undefined` if it found one, or the URL names no file. */
export function lookedFor(url: string): string | undefined {
  const urls = candidates(url);
  if (urls.length === 0 || urls.some(exists)) return undefined;
  return `looked for ${urls.map(pathOf).join(', ')}; ${found(url)}`;
}

/** Says what there is instead: files of the same name, or none. */
function found(url: string): string {
  const folder = pathOf(new URL('.', url));
  const stem = baseOf(pathOf(url)).replace(EXTENSION, '');
  try {
    const files = getBuiltinModule('node:fs').readdirSync(folder);
    const similar = files.filter((file) => file.replace(EXTENSION, '') === stem).slice(0, 5);
    if (similar.length > 0) return `${folder} has ${similar.join(', ')}`;
  } catch {
    return `there is no folder ${folder}${ARCHIVE.test(folder) ? OF_ARCHIVES : ''}`;
  }
  return `${folder} has no file of that name: if a bundler has made this program, make the module an entry of its own`;
}

function candidates(url: string): readonly string[] {
  if (!url.startsWith('file:')) return [];
  const [extension = ''] = EXTENSION.exec(url) ?? [];
  return [url, ...(COUNTERPARTS[extension] ?? []).map((other) => url.replace(EXTENSION, other))];
}

function exists(url: string): boolean {
  try {
    return getBuiltinModule('node:fs').existsSync(pathOf(url));
  } catch {
    return false; // no path of this system
  }
}

const baseOf = (path: string): string => getBuiltinModule('node:path').basename(path);
