Object.defineProperty(exports, '__esModule', { value: true });
exports.double = (x) => 2 * x;
exports.default = (x) => x + 1;
