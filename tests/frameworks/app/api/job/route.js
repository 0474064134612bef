// A route handler that answers with what the program of tests/bundlers/ prints elsewhere.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { taskModule } from 'thread-system';
import { run } from '../../../run.js';

export const dynamic = 'force-dynamic'; // not as the project is built

export async function GET() {
  const tasks = taskModule(pathToFileURL(join(process.cwd(), 'tasks.js')));
  const lines = [];
  await run(tasks, { print: (...words) => lines.push(`${words.join(' ')}\n`) });
  return new Response(lines.join(''));
}
