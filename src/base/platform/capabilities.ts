/** The platforms on which the library runs, by the name that errors give them. */
export type PlatformName = 'Node.js' | 'Bun' | 'Deno';

/** The platforms that have each feature which some lack: all that the library knows of platforms. */
const SUPPORT = {
  /** `kind: 'process'`: `Serializer` of `node:v8`, and `fork` with pipes of its own. */
  processes: ['Node.js'],
  /** The option `resourceLimits` of threads. */
  resourceLimits: ['Node.js'],
  /** The option `execArgv` of threads: elsewhere flags are shown by `process.execArgv`, and not obeyed. */
  execArgv: ['Node.js'],
  /** The options `stdout` and `stderr` of threads: a thread's output can be had before it is printed. */
  outputOptions: ['Node.js', 'Bun'],
  /** `pool.profile()`: an inspector that reaches other threads. */
  profiles: ['Node.js'],
  /** `Serializer` of `node:v8`, which writes shared memory and views as structured clone does. */
  serializers: ['Node.js', 'Deno'],
  /** Entries of the type `gc` for a `PerformanceObserver`. */
  collectionEntries: ['Node.js'],
  /** `process.hrtime()` counts from the same moment on all threads: not from the start of each. */
  sharedClock: ['Node.js'],
  /** A timer shows that it is the platform's, not a test's fake. */
  knownTimers: ['Node.js'],
  /** A rejection that nobody handles is an `uncaughtException` of its thread: elsewhere only an `unhandledRejection`. */
  rejectionsAreUncaught: ['Node.js', 'Deno'],
} as const satisfies Readonly<Record<string, readonly PlatformName[]>>;

/** A feature that not all platforms have. */
export type Capability = keyof typeof SUPPORT;

const { versions } = process;

/** The platform of this process. Bun and Deno also have `versions.node`, of the Node.js that they imitate. */
export const platform = named();

function named(): { readonly name: PlatformName; readonly version: string } {
  if (versions['bun'] !== undefined) return { name: 'Bun', version: versions['bun'] };
  if (versions['deno'] !== undefined) return { name: 'Deno', version: versions['deno'] };
  return { name: 'Node.js', version: versions.node };
}

/** Whether the platform has a feature. Decided by its name: a probe would have to start a thread, or to load a module. */
export function supports(capability: Capability): boolean {
  return SUPPORT[capability].some((name) => name === platform.name);
}

/** The names of the platforms that have a feature, as text. */
export function platformsWith(capability: Capability): string {
  return SUPPORT[capability].join(' and ');
}
