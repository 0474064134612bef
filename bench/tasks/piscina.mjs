import { move } from 'piscina';
import { stamp } from './functions.mjs';

export * from './functions.mjs';

export const stampAndMove = (bytes) => move(stamp(bytes));
