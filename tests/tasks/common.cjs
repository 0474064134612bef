const { currentJob } = require('thread-system/worker');

exports.twice = (value) => value * 2;
exports.nameOfJob = () => currentJob().name;
