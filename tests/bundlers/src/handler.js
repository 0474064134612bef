// For Nitro, which finds the names it defines, and whose server answers with what the program prints elsewhere.
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { taskModule } from 'thread-system';
import { run } from './run.js';

const tasks = taskModule(pathToFileURL(join(dirname(process.argv[1]), 'tasks.js')));

// biome-ignore lint/style/noDefaultExport: as Nitro takes it
export default defineEventHandler(async () => {
  const lines = [];
  await run(tasks, { print: (...words) => lines.push(`${words.join(' ')}\n`) });
  return lines.join('');
});
