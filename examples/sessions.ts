// State that workers keep for their jobs: a session on one worker, a context around every job, and jobs that run alone.
import { ThreadPool, taskModule } from 'thread-system';

const tasks = taskModule<typeof import('./worker-tasks.js')>(new URL('./worker-tasks.js', import.meta.url));

await using pool = new ThreadPool({ maxWorkers: 2, concurrency: 4, around: tasks.inRequest });

// Affinity: the jobs of a customer run on the worker that has the cart, in order.
const orders = ['Ada tea', 'Bob milk', 'Ada honey', 'Ada mint', 'Bob rice'].map((order, i) => {
  const [customer = '', item = ''] = order.split(' ');
  return pool.submit(tasks.addToCart, [customer, item], { affinity: customer, name: `request ${i + 1}` });
});
for (const cart of await Promise.all(orders)) console.log(cart);

// Exclusive: nothing else runs on the worker between the two halves of such a job, although up to four jobs share it.
const greetings = ['de', 'fr', 'en'].map((language) => pool.submit(tasks.greet, [language], { exclusive: true }));
console.log((await Promise.all(greetings)).join(', '));
