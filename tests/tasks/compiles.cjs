const vm = require('node:vm');

const { compileFunction } = vm;
const compiled = [];

vm.compileFunction = (text, params, options) => {
  compiled.push(options.filename);
  return compileFunction(text, params, options);
};

/** The files that this thread has compiled as functions. */
exports.filesCompiled = () => compiled;
exports.accept = (value) => value !== undefined;
