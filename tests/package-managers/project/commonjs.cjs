// The library in CommonJS, as a module that the program imports.
const { join } = require('node:path');
const { ThreadPool, taskModule } = require('thread-system');

const tasks = taskModule(join(__dirname, 'tasks.cjs'));

exports.fromCommonJs = async (kind) => {
  const pool = new ThreadPool({ kind, maxWorkers: 1 });
  const name = await pool.submit(tasks.nameOfJob, [], { name: 'required' });
  await pool.shutdown();
  return name;
};
