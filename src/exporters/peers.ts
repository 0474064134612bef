import { createRequire } from 'node:module';
import { wrongType } from '../base/check/argument-errors.js';

/** A package that only some programs need: they install it themselves. */
export interface PeerPackage {
  readonly name: string;
  /** Range of versions, as in the `peerDependencies` of `package.json`. */
  readonly range: string;
}

/** The optional peers of the package. */
export const PROM_CLIENT: PeerPackage = { name: 'prom-client', range: '^15.1' };
export const OTEL_API: PeerPackage = { name: '@opentelemetry/api', range: '^1.9' };
export const OTEL_SDK_METRICS: PeerPackage = { name: '@opentelemetry/sdk-metrics', range: '^2' };

/** Returns the part of an error message that says how to install a peer. */
export function howToInstall({ name, range }: PeerPackage): string {
  return `npm install ${name}@${range}`;
}

/** In a bundle in CommonJS there may be no `import.meta.url`: a peer is then found from the working directory. */
const HERE: string | undefined = import.meta.url;

/**
 * Loads a peer when it is first needed, by `require`, as the caller cannot wait.
 *
 * @typeParam T type of the module, of which nothing else is known.
 * @throws {TypeError} that says what to install, if the package is missing.
 */
export function requirePeer<T>(peer: PeerPackage, action: string): T {
  const require = createRequire(HERE ?? `${process.cwd()}/`);
  try {
    require.resolve(peer.name);
  } catch (error) {
    if ((error as { readonly code?: unknown }).code !== 'MODULE_NOT_FOUND') throw error;
    throw wrongType(action, `the package ${peer.name} is not installed (${howToInstall(peer)})`);
  }
  return require(peer.name) as T; // one of its own dependencies may be missing, which its error says
}
