/** What a drawing shows of a node. */
export interface DrawnNode {
  readonly name: string;
  readonly job: { readonly state: string; readonly executionMs: number } | undefined;
  readonly before: ReadonlySet<DrawnNode>;
  readonly after: ReadonlySet<DrawnNode>;
}

/** Colours by the state of a node's job. */
const COLOURS: Readonly<Record<string, string>> = {
  COMPLETED: '#9fd8a4',
  FAILED: '#f2a1a1',
  CANCELLED: '#d0d0d0',
  RUNNING: '#f5dd90',
};

const escapeMermaid = (text: string): string => text.replace(/[#";&<>\n]/g, (char) => `#${char.codePointAt(0)};`);
const quoteDot = (text: string): string => `"${text.replace(/["\\]/g, '\\$&').replace(/\n/g, '\\n')}"`;

export function drawMermaid(nodes: readonly DrawnNode[]): string {
  const ids = new Map(nodes.map((node, index) => [node, `n${index}`]));
  const lines = ['flowchart TD'];
  for (const [node, id] of ids) lines.push(`  ${id}["${escapeMermaid(node.name)}"]`);
  for (const [node, id] of ids) for (const next of node.after) lines.push(`  ${id} --> ${ids.get(next)}`);
  for (const [node, id] of ids) {
    const colour = node.job === undefined ? undefined : COLOURS[node.job.state];
    if (colour !== undefined) lines.push(`  style ${id} fill:${colour}`);
  }
  return `${lines.join('\n')}\n`;
}

export function drawDot(nodes: readonly DrawnNode[]): string {
  const lines = ['digraph {'];
  for (const { name, job } of nodes) {
    const colour = job === undefined ? undefined : COLOURS[job.state];
    lines.push(`  ${quoteDot(name)}${colour === undefined ? '' : ` [style=filled, fillcolor="${colour}"]`};`);
  }
  for (const { name, after } of nodes)
    for (const next of after) lines.push(`  ${quoteDot(name)} -> ${quoteDot(next.name)};`);
  return `${lines.join('\n')}\n}\n`;
}

/** Returns the chain whose jobs took longest in total; if none ran, the one with the most nodes. */
export function longestPath(nodes: readonly DrawnNode[]): { readonly nodes: readonly string[]; readonly ms: number } {
  const best = new Map<DrawnNode, { readonly ms: number; readonly length: number; readonly path: readonly string[] }>();
  const isLonger = (a: { ms: number; length: number }, b: { ms: number; length: number } | undefined): boolean =>
    b === undefined || a.ms > b.ms || (a.ms === b.ms && a.length > b.length);
  let longest: { ms: number; length: number; path: readonly string[] } | undefined;
  for (const node of inOrder(nodes)) {
    let before: { ms: number; length: number; path: readonly string[] } | undefined;
    for (const other of node.before) {
      const to = best.get(other);
      if (to !== undefined && isLonger(to, before)) before = to;
    }
    const ms = (before?.ms ?? 0) + (node.job?.executionMs ?? 0);
    const own = { ms, length: (before?.length ?? 0) + 1, path: [...(before?.path ?? []), node.name] };
    best.set(node, own);
    if (isLonger(own, longest)) longest = own;
  }
  return { nodes: longest?.path ?? [], ms: longest?.ms ?? 0 };
}

/** Sorts nodes so that each comes after those before it (Kahn's algorithm). */
export function inOrder<N extends { readonly before: ReadonlySet<N>; readonly after: ReadonlySet<N> }>(
  nodes: readonly N[],
): N[] {
  const missing = new Map(nodes.map((node) => [node, node.before.size]));
  const order = nodes.filter((node) => node.before.size === 0);
  for (const node of order)
    for (const next of node.after) {
      const left = (missing.get(next) ?? 0) - 1;
      missing.set(next, left);
      if (left === 0) order.push(next);
    }
  return order;
}
