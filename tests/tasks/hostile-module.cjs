exports.task = () => 1;

throw require('./hostile.cjs').hostile;
