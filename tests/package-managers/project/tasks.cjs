const { currentJob } = require('thread-system/worker');

exports.nameOfJob = () => currentJob().name;
