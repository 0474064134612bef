// What most bundlers are given, as users write it.
import { taskModule } from 'thread-system';
import { run } from './run.js';

// webpack and rspack would otherwise copy the file as it is, under another name
void run(taskModule(new URL(/* webpackIgnore: true */ './tasks.js', import.meta.url)));
