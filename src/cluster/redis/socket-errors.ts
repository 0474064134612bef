import type { Redis } from 'ioredis';

/**
 * Listens for the errors of a connection for as long as it lives: of ioredis, and of each of its sockets. ioredis listens for the
 * first error of a socket only. A TLS socket can emit two: it is told to end during its handshake, refuses the certificate, and the
 * server replies to the incomplete handshake with an alert. The second would be an uncaught exception.
 *
 * @param redis a connection that was just made: no event comes between the creation of a socket and its first error.
 * @param onError called with each error that ioredis reports.
 */
export function listenForErrors(redis: Redis, onError: (error: Error) => void): void {
  redis.on('error', onError);
  if (redis.isCluster) {
    redis.on('node error', onError);
    redis.on('+node', listenToSockets);
  } else listenToSockets(redis);
}

/** A socket is seen when ioredis stores it. */
function listenToSockets(redis: Redis): void {
  let socket = redis.stream;
  Object.defineProperty(redis, 'stream', {
    configurable: true,
    enumerable: true,
    get: () => socket,
    set: (next: Redis['stream']) => {
      socket = next;
      socket.on('error', () => {});
    },
  });
}
