import { Tinypool } from 'tinypool';
import { stamp } from './functions.mjs';

export * from './functions.mjs';

export const stampAndMove = (bytes) => Tinypool.move(stamp(bytes));
