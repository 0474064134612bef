import { Cluster, Redis } from 'ioredis';
import { freePort, RedisServer } from './redis-server.ts';

const SLOTS = 16_384;
const NODES = 3;

interface Address {
  readonly host: string;
  readonly port: number;
}

/** A Redis Cluster of three nodes, without replicas. */
export class RedisCluster implements AsyncDisposable {
  readonly #servers: readonly RedisServer[];

  private constructor(servers: readonly RedisServer[]) {
    this.#servers = servers;
  }

  static async start(): Promise<RedisCluster> {
    const servers: RedisServer[] = [];
    const busPorts: number[] = [];
    for (let node = 0; node < NODES; node++) {
      const busPort = await freePort();
      servers.push(await RedisServer.start(['--cluster-enabled', 'yes', '--cluster-port', `${busPort}`]));
      busPorts.push(busPort);
    }
    const cluster = new RedisCluster(servers);
    await cluster.#meet(busPorts);
    return cluster;
  }

  get nodes(): readonly Address[] {
    return this.#servers.map(({ connection }) => connection);
  }

  /** Makes a connection to all nodes. */
  connect(): Cluster {
    return new Cluster([...this.nodes]);
  }

  async #meet(busPorts: readonly number[]): Promise<void> {
    const clients = this.nodes.map((address) => new Redis(address));
    const [first] = clients as [Redis];
    for (const [index, client] of clients.entries()) {
      const [from, to] = [index, index + 1].map((each) => Math.floor((each * SLOTS) / NODES)) as [number, number];
      await client.cluster('ADDSLOTSRANGE', from, to - 1);
      const { host, port } = this.nodes[index] as Address;
      if (client !== first) await first.call('CLUSTER', 'MEET', host, port, busPorts[index] as number);
    }
    for (const client of clients)
      while (!(await isWhole(client))) await new Promise((resolve) => setTimeout(resolve, 20));
    for (const client of clients) client.disconnect();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#servers.map((server) => server[Symbol.asyncDispose]()));
  }
}

/** Whether a node knows all others and their slots. */
async function isWhole(client: Redis): Promise<boolean> {
  const info = String(await client.cluster('INFO'));
  return info.includes('cluster_state:ok') && info.includes(`cluster_known_nodes:${NODES}`);
}
