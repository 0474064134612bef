// Measures one point in a process of its own, so that none inherits another's heap, and sends it to run.mjs.
import { costOf } from './cost.mjs';
import { curves } from './curves.mjs';

const { curve, size, cost } = JSON.parse(process.argv[2]);
const measured =
  cost === undefined
    ? await curves.find(({ name }) => name === curve).measure(size)
    : await costOf(cost.us, cost.turnsOfUs, cost.workers);
process.send(measured, () => process.exit());
