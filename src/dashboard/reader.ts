import type { ClusterReader } from './cluster-reader.js';
import type { PoolReader } from './pool-reader.js';

/** Reads a pool, or a cluster. */
export type Reader = PoolReader | ClusterReader;
