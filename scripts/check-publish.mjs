// Before the package is published: what nobody but its publisher knows must be in package.json. npm leads the links of the README,
// such as those to docs/, to the `repository`, so without it they lead nowhere from the package's page.
import { readFileSync } from 'node:fs';

const manifest = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'));
const missing = ['repository', 'homepage', 'bugs'].filter((name) => manifest[name] === undefined);
if (missing.length > 0) console.error(`Cannot publish: package.json has no ${missing.join(', no ')}`);
process.exitCode = missing.length === 0 ? 0 : 1;
