import * as library from 'thread-system';
import { check } from './checks.cjs';

await check(library, new URL('.', import.meta.url), 'esm');
