// A server of Fastify whose requests are jobs of a pool: `node server.mjs '{"library": …, "setting": …, "turns": […]}'`.
import Fastify from 'fastify';
import { JobPriority } from '../../../dist/index.js';
import * as piscina from '../../contenders/piscina.mjs';
import { openPool, tasks } from '../../contenders/thread-system.mjs';

const { library, setting, turns } = JSON.parse(process.argv[2]);
const run = library === 'piscina' ? openPiscina() : openOurs();

const server = Fastify();
server.get('/:kind/:priority', async ({ params }) => ({
  result: await run(turns[params.kind], params.priority === 'high'),
}));
await server.listen({ host: '127.0.0.1', port: 0 });
process.once('disconnect', () => process.exit());
process.send({ port: server.server.address().port });

function openOurs() {
  const pool = openPool();
  const high = { priority: JobPriority.HIGH };
  return (input, isHigh) => (isHigh ? pool.submit(tasks.spin, [input], high) : pool.submit(tasks.spin, [input]));
}

function openPiscina() {
  const pool = piscina.open('spin', setting);
  return (input) => pool.run(input);
}
