import * as piscina from './piscina.mjs';
import * as poolifier from './poolifier.mjs';
import * as tinypool from './tinypool.mjs';
import * as workerpool from './workerpool.mjs';

/** @type {readonly import('./contender.mjs').Library[]} */
export const peers = [piscina, tinypool, workerpool, poolifier];
