// For a bundler that follows every `new URL(…, import.meta.url)`, and removes the exports of what it finds.
import { pathToFileURL } from 'node:url';
import { taskModule } from 'thread-system';
import { run } from './run.js';

void run(taskModule(new URL('tasks.js', pathToFileURL(process.argv[1]))));
