const { currentJob } = require('thread-system/worker');

exports.nameOfJob = () => currentJob().name;

exports.runUntilCancelled = () => {
  const job = currentJob();
  for (;;) job.throwIfCancelled();
};
