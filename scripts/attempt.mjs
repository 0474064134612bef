import { rmSync } from 'node:fs';
import { parseArgs } from 'node:util';

/**
 * Tries the library with each of several tools, or with those whose name has the text of `--only`: prepares the folder, calls `check`
 * with what `runs` has by the tool's name, and with its index, for as many as `atOnce` (default: 1) at a time. Prints how each went and
 * removes the folder. The program exits with 1 if any has failed.
 */
export async function attemptAll(runs, { folder, prepare, check, atOnce = 1 }) {
  const { values } = parseArgs({ options: { only: { type: 'string', default: '' } } });
  const failed = [];
  try {
    const tried = Object.entries(runs).filter(([name]) => name.includes(values.only));
    if (tried.length === 0) throw new Error(`Nothing to try has '${values.only}' in its name`);
    prepare();
    console.log(`Node ${process.version}`);
    const left = tried.entries();
    const worker = async () => {
      for (const [index, [name, run]] of left) if (!(await attempt(name, () => check(run, index)))) failed.push(name);
    };
    await Promise.all(Array.from({ length: atOnce }, worker));
    if (failed.length > 0) throw new Error(`Failed with: ${failed.join('; ')}`);
  } catch (error) {
    console.error(String(error));
    process.exitCode = 1;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Does something, and prints under a name whether that went well and how long it took; else what a program that it has run has
 * printed. Resolves with whether it went well.
 */
async function attempt(name, action) {
  const begunAt = Date.now();
  try {
    await action();
    console.log(`ok     ${name}, ${((Date.now() - begunAt) / 1000).toFixed(1)} s`);
    return true;
  } catch (error) {
    console.log(`FAILED ${name}\n${error.message}\n${error.stdout ?? ''}\n${error.stderr ?? ''}`);
    return false;
  }
}
