const { currentJob } = require('thread-system/worker');

exports.countWords = (text) => {
  const job = currentJob();
  const counts = new Map();
  for (const word of text.split(' ')) {
    job.throwIfCancelled();
    counts.set(word, (counts.get(word) ?? 0) + 1);
  }
  return counts;
};
