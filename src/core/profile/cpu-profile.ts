import type { Profiler } from 'node:inspector';

/** A CPU profile in the format of `.cpuprofile` files, which Chrome DevTools, speedscope and others show. Times are in µs. */
export interface CpuProfile {
  /** A tree: each node names its children by their ids. */
  readonly nodes: readonly Profiler.ProfileNode[];
  /** Begin, in µs of a monotonic clock. */
  readonly startTime: number;
  /** End, in µs of the same clock. */
  readonly endTime: number;
  /** The id of the node at the top of the stack, for each sample. */
  readonly samples: readonly number[];
  /** Time since the sample before, or since the start, for each sample. */
  readonly timeDeltas: readonly number[];
}

/** The profile of one thread. */
export interface ProfilePart {
  readonly name: string;
  readonly profile: Profiler.Profile;
}

const ROOT = 1;

/**
 * V8's names for entries that are not functions. Tools take these for an interruption of the sample before, of any
 * thread.
 */
const INTERRUPTING: ReadonlyMap<string, string> = new Map([
  ['(program)', 'program'],
  ['(garbage collector)', 'garbage collector'],
]);

const frameOf = (functionName: string): Profiler.ProfileNode['callFrame'] => ({
  functionName,
  scriptId: '0',
  url: '',
  lineNumber: -1,
  columnNumber: -1,
});

/** Merges profiles of several threads: each is a child of the root, and their samples are one list, in order of time. */
export function mergeProfiles(parts: readonly ProfilePart[]): CpuProfile {
  const nodes: Profiler.ProfileNode[] = [];
  const children: number[] = [];
  nodes.push({ id: ROOT, callFrame: frameOf('(root)'), hitCount: 0, children });
  const samples: { readonly at: number; readonly id: number }[] = [];
  let lastId = ROOT;
  for (const { name, profile } of parts) {
    const ids = new Map(profile.nodes.map(({ id }) => [id, ++lastId]));
    const renumber = (id: number): number => ids.get(id) ?? ROOT;
    const [root] = profile.nodes;
    if (root === undefined) continue;
    children.push(renumber(root.id));
    for (const node of profile.nodes) {
      const plainName = node === root ? name : INTERRUPTING.get(node.callFrame.functionName);
      nodes.push({
        ...node,
        id: renumber(node.id),
        ...(node.children === undefined ? {} : { children: node.children.map(renumber) }),
        ...(plainName === undefined ? {} : { callFrame: frameOf(plainName) }),
      });
    }
    let at = profile.startTime;
    for (const [index, id] of (profile.samples ?? []).entries()) {
      at += profile.timeDeltas?.[index] ?? 0;
      samples.push({ at, id: renumber(id) });
    }
  }
  samples.sort((a, b) => a.at - b.at);
  const startTime = Math.min(...parts.map(({ profile }) => profile.startTime));
  return {
    nodes,
    startTime,
    endTime: Math.max(...parts.map(({ profile }) => profile.endTime)),
    samples: samples.map(({ id }) => id),
    timeDeltas: samples.map(({ at }, index) => at - (samples[index - 1]?.at ?? startTime)),
  };
}
