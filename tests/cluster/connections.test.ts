import { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import type { RedisOptions } from 'ioredis';
import { ClusterHost, ClusterPool } from 'thread-system/cluster';
import { newQueue, tasks, until } from './cluster-fixture.ts';

/** Makes options of ioredis by which no connection comes up, and each of its sockets emits two errors. */
function failsTwice() {
  const seen = { errors: 0 };
  class Connector {
    check(): boolean {
      return true;
    }

    /** The first error is that of a command that ioredis writes to a socket without a connection. */
    connect(): Promise<Socket> {
      const socket = new Socket();
      socket.on('close', () =>
        setImmediate(() => {
          seen.errors++;
          socket.emit('error', new Error('The second error of a socket'));
        }),
      );
      return Promise.resolve(socket);
    }

    disconnect(): void {}
  }
  return { seen, connection: { Connector, retryStrategy: () => 1 } as unknown as RedisOptions };
}

test('a second error of a socket is no uncaught exception: of a submitter, of a host, also while they close', async () => {
  for (const Kind of [ClusterPool, ClusterHost]) {
    const { seen, connection } = failsTwice();
    const queue = newQueue();
    const made =
      Kind === ClusterPool
        ? new ClusterPool({ connection, queue })
        : new ClusterHost({ connection, queue, tasks, maxWorkers: 1 });
    await until(() => seen.errors >= 12); // each of the connections has had some
    await (made instanceof ClusterPool ? made.shutdown({ mode: 'abort' }) : made.drain({ timeoutMs: 0 }));
    expect(seen.errors).toBeGreaterThanOrEqual(12);
  }
});
