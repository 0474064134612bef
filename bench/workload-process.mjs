// Runs one workload in a process of its own, so that none inherits another's heap, and sends its rows to run.mjs.
import { workloads } from './workloads/index.mjs';

const { name, quick, times, rounds } = JSON.parse(process.argv[2]);
const workload = workloads.find((candidate) => candidate.name === name);

const rows = await workload.run({
  quick,
  rounds: (standard) => rounds ?? (quick ? 1 : standard),
  size: (count, few = count / 10) => (quick ? Math.min(count, Math.ceil(few * times)) : count),
});
process.send(rows, () => process.exit());
