import { hostile } from './hostile.cjs';

export const task = () => 1;

throw hostile;
