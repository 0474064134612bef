import type { Job } from '../../jobs/job.js';
import { withOptions, withToken } from '../../jobs/job-options.js';
import type { CancellationToken } from '../../sync/cancellation-token.js';
import { fill, outputsIn } from './graph-args.js';
import { inOrder } from './graph-drawing.js';
import { type GraphNode, type NodeRecord, recordOf } from './graph-node.js';
import type { GraphSubmitter } from './graph-pool.js';

/**
 * Submits a graph that is a tree to a pool that takes one as a whole. Returns the jobs of its nodes; `undefined` if the nodes must
 * be submitted one by one.
 */
export function submitTree(
  { submitTree: submit }: GraphSubmitter,
  records: readonly NodeRecord[],
  stop: CancellationToken,
): ReadonlyMap<NodeRecord, Job> | undefined {
  if (submit === undefined || stop.isCancelled || !isTree(records)) return undefined;
  const list = inOrder(records);
  const indexes = new Map(list.map((record, index) => [record, index]));
  const indexOf = (record: NodeRecord): number => indexes.get(record) as number;
  const places = new Map<GraphNode, unknown>(records.map(({ node }) => [node, null]));
  const jobs = submit(
    list.map(({ task, args, name, options, before }) => ({
      task,
      args: fill(args, places) as readonly unknown[],
      inputs: [...outputsIn(args)].map(([path, node]) => [path, indexOf(recordOf(node))]),
      options: withToken(withOptions(options, { name }), stop),
      before: [...before].map(indexOf),
    })),
  );
  return jobs && new Map(jobs.map((job, index) => [list[index] as NodeRecord, job]));
}

/** Whether each node is needed by one other, except for one; a fallback would be another node. */
function isTree(records: readonly NodeRecord[]): boolean {
  const last = records.filter(({ after }) => after.size === 0);
  return (
    records.length > 1 &&
    last.length === 1 &&
    records.every(({ after, fallback }) => after.size <= 1 && fallback === undefined)
  );
}
