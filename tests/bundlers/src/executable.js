// For an executable that holds the program: it cannot be started as another process of Node.js.
import { pathToFileURL } from 'node:url';
import { taskModule } from 'thread-system';
import { run } from './run.js';

void run(taskModule(new URL('tasks.js', pathToFileURL(process.execPath))), { kinds: ['thread', 'inline'] });
