const fail = () => {
  throw hostile;
};

/** Whoever reads it gets it as an error. */
const hostile = new Proxy(new Error('never seen'), { getPrototypeOf: fail, ownKeys: fail, get: fail, has: fail });

exports.hostile = hostile;
exports.throwHostile = fail;
exports.rejectHostile = async () => fail();
exports.throwAtTwo = (value) => (value === 2 ? fail() : value);
exports.throwAround = (_job, next) => {
  next();
  fail();
};
exports.echo = (value) => value;
