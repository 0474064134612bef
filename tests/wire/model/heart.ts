import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

/** The modules of both sides that share a worker's memory, as they are built. */
export interface Heart {
  readonly SlotTable: typeof import('../../../build/wire/lane/slot-table.js').SlotTable;
  readonly RequestLane: typeof import('../../../build/host/request-lane.js').RequestLane;
  readonly ResultLane: typeof import('../../../build/host/result-lane.js').ResultLane;
  readonly JobChannel: typeof import('../../../build/host/job-channel.js').JobChannel;
  readonly ControlPort: typeof import('../../../build/host/control-port.js').ControlPort;
  readonly MainParking: typeof import('../../../build/host/main-parking.js').MainParking;
  readonly Pacer: typeof import('../../../build/core/dispatch/pacer.js').Pacer;
  readonly PayloadPort: typeof import('../../../build/wire/message/payload-port.js').PayloadPort;
  readonly RequestReader: typeof import('../../../build/worker/request-reader.js').RequestReader;
  readonly ResultWriter: typeof import('../../../build/worker/results/result-writer.js').ResultWriter;
  readonly startWorker: typeof import('../../../build/worker/engine.js').startWorker;
  readonly layout: typeof import('../../../build/wire/lane/layout.js');
  readonly giveAccess: typeof import('../../../build/base/in-flight-job.js').giveAccess;
  readonly joinWakeups: typeof import('../../../build/sync/waiting/wakeup.js').joinWakeups;
  readonly wake: typeof import('../../../build/sync/waiting/wakeup.js').wake;
  readonly block: typeof import('../../../build/sync/waiting/wakeup.js').block;
  readonly wakeupTable: typeof import('../../../build/sync/waiting/wakeup.js').wakeupTable;
}

/** A change of a module's built text, in which `from` is there once. */
export interface Change {
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

/** What modules find in place of the platform's. */
export interface Platform {
  readonly workerThreads: object;
  readonly clock: object;
  readonly asyncHooks: object;
  readonly process: object;
  readonly globalThis: object;
  readonly Int32Array: unknown;
  readonly Float64Array: unknown;
  readonly Float32Array: unknown;
  readonly Buffer: unknown;
}

const BUILD = fileURLToPath(new URL('../../../build/', import.meta.url));
const require = createRequire(import.meta.url);

const EXPORTS: Readonly<Record<string, readonly string[]>> = {
  'wire/lane/slot-table.js': ['SlotTable'],
  'host/request-lane.js': ['RequestLane'],
  'host/result-lane.js': ['ResultLane'],
  'host/job-channel.js': ['JobChannel'],
  'host/control-port.js': ['ControlPort'],
  'host/main-parking.js': ['MainParking'],
  'core/dispatch/pacer.js': ['Pacer'],
  'wire/message/payload-port.js': ['PayloadPort'],
  'worker/request-reader.js': ['RequestReader'],
  'worker/results/result-writer.js': ['ResultWriter'],
  'worker/engine.js': ['startWorker'],
  'base/in-flight-job.js': ['giveAccess'],
  'sync/waiting/wakeup.js': ['joinWakeups', 'wakeupTable', 'wake', 'block'],
};
const ENTRY = Object.entries(EXPORTS)
  .map(([file, names]) => `export { ${names.join(', ')} } from './${file}';`)
  .concat("export * as layout from './wire/lane/layout.js';")
  .join('\n');

const STAND_INS: Readonly<Record<string, string>> = {
  'node:worker_threads': 'workerThreads',
  'node:async_hooks': 'asyncHooks',
  'clock.js': 'clock',
};
const PARAMETERS = ['Int32Array', 'Float64Array', 'Float32Array', 'Buffer', 'process', 'globalThis'] as const;

/**
 * Makes the heart, with changes, such as smaller lanes. What it returns may be evaluated on several platforms: each time the
 * modules are anew.
 */
export async function makeHeart(changes: readonly Change[]): Promise<(platform: Platform) => Heart> {
  const missing = new Set(changes);
  const { outputFiles } = await build({
    stdin: { contents: ENTRY, resolveDir: BUILD },
    bundle: true,
    write: false,
    platform: 'node',
    format: 'cjs',
    logLevel: 'silent',
    plugins: [
      {
        name: 'heart',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^node:(worker_threads|async_hooks)$|\/clock\.js$/ }, ({ path }) => ({
            path: path.split('/').at(-1) ?? '',
            namespace: 'platform',
          }));
          onLoad({ filter: /.*/, namespace: 'platform' }, ({ path }) => ({
            contents: `module.exports = platform.${STAND_INS[path]};`,
          }));
          onLoad({ filter: /\.js$/ }, async ({ path }) => {
            let contents = await readFile(path, 'utf8');
            for (const change of changes) {
              if (!path.endsWith(`/build/${change.file}`)) continue;
              contents = changed(contents, change);
              missing.delete(change);
            }
            return { contents };
          });
        },
      },
    ],
  });
  for (const { file } of missing) throw new Error(`There is no module ${file} to change`);
  const code = outputFiles[0]?.text ?? '';
  const run = new Function('module', 'require', 'platform', ...PARAMETERS, code) as (...given: unknown[]) => void;
  return (platform) => {
    const module = { exports: {} };
    run(module, require, platform, ...PARAMETERS.map((name) => platform[name]));
    return module.exports as Heart;
  };
}

function changed(text: string, { file, from, to }: Change): string {
  const parts = text.split(from);
  if (parts.length !== 2) throw new Error(`${file} has this ${parts.length - 1} times: ${from}`);
  return parts.join(to);
}

/** Sizes of the lanes, smaller than they are, and where all counts begin. */
export interface Sizes {
  /** A power of 2. */
  readonly capacity: number;
  readonly shortEntryWords: number;
  readonly longEntryWords: number;
  readonly textBytes: number;
  readonly textChars: number;
  readonly first: number;
}

const COUNTS: Readonly<Record<string, readonly string[]>> = {
  'host/request-lane.js': ['#published', '#read', '#words', '#wordsRead', 'nextSeq'],
  'host/result-lane.js': ['#readCount', '#readWords'],
  'host/in-flight.js': ['#firstWaiting', '#end'],
  'worker/request-reader.js': ['#tail', '#words', 'position'],
  'worker/results/result-writer.js': ['#writtenCount', '#writtenWords', '#wordsRead'],
  'worker/main-doorbell.js': ['#wordsRead'],
  'wire/lane/text-lane.js': ['passed'],
};

/** How often a worker that lingers looks before it blocks: the model tries all moments. */
const POLLS: Change = { file: 'worker/parking.js', from: 'const POLLS = 1000;', to: 'const POLLS = 1;' };

export function changesFor({
  capacity,
  shortEntryWords,
  longEntryWords,
  textBytes,
  textChars,
  first,
}: Sizes): Change[] {
  const file = 'wire/lane/layout.js';
  const constant = (name: string, before: string, value: number): Change => ({
    file,
    from: `export const ${name} = ${before};`,
    to: `export const ${name} = ${value};`,
  });
  const counts = Object.entries(COUNTS).flatMap(([module, names]) =>
    names.map((name): Change => ({ file: module, from: `    ${name} = 0;`, to: `    ${name} = ${first};` })),
  );
  return [
    constant('CAPACITY', '4096', capacity),
    constant('SHORT_ENTRY_WORDS', '32', shortEntryWords),
    constant('LONG_ENTRY_WORDS', '1024', longEntryWords),
    constant('TEXT_BYTES', '2 ** 18', textBytes),
    constant('TEXT_CHARS', '2048', textChars),
    POLLS,
    ...(first === 0 ? [] : counts),
  ];
}
