const { pathToFileURL } = require('node:url');
const library = require('thread-system');
const { check } = require('./checks.cjs');

// A failed check is an unhandled rejection, which ends the process with an error.
void check(library, pathToFileURL(`${__dirname}/`), 'commonjs');
