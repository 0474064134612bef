import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { buildSync } from 'esbuild';
import { root } from './run-example.ts';

/**
 * The examples compiled once, as a user's build would, so that no process of a test loads a compiler: in a folder of the
 * project, where they find the package by its own name.
 */
export class CompiledExamples implements Disposable {
  readonly #folder = mkdtempSync(join(root, 'build', 'examples-'));

  constructor() {
    const source = join(root, 'examples');
    // all but the package they are in: here they are in the project's
    cpSync(source, this.#folder, { recursive: true, filter: (path) => path !== join(source, 'package.json') });
    buildSync({
      entryPoints: [join(source, '**/*.ts')],
      outdir: this.#folder,
      format: 'esm',
      target: 'node20',
      sourcemap: 'inline',
    });
  }

  get url(): string {
    return `${pathToFileURL(this.#folder)}/`;
  }

  /** The file that is run for an example, from the project's folder. */
  fileOf(example: string): string {
    return relative(root, join(this.#folder, example.replace(/\.ts$/, '.js')));
  }

  [Symbol.dispose](): void {
    rmSync(this.#folder, { recursive: true, force: true });
  }
}
