/**
 * Where the jobs of a pool run: on threads, in child processes, or on the calling thread.
 *
 * @inline
 */
export type PoolKind = 'thread' | 'process' | 'inline';
