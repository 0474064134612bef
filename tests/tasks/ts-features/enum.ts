// An enum, and an import that names the .js file: Node's own type stripping refuses both.
import { Factor } from './factor.js';

export const scale = (value: number): number => value * Factor.Three;
