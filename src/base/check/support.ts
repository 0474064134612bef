import { type Capability, platform, platformsWith, supports } from '../platform/capabilities.js';
import { wrongType } from './argument-errors.js';

/** The features that are refused where a platform lacks them, with what to do there. */
const INSTEAD = {
  processes: "use kind 'thread'",
  resourceLimits: 'leave it out',
  execArgv: 'leave it out',
  outputOptions: 'leave it out, and tasks print to the streams of the process',
  profiles: "use a pool of kind 'inline', whose jobs run on this thread",
} as const satisfies { readonly [feature in Capability]?: string };

/**
 * Checks that the platform has a feature.
 *
 * @param feature as the caller wrote it, such as `kind 'process'`.
 * @throws {TypeError} that names the feature, the platform, the platforms that have it, and what to do instead.
 */
export function checkSupported(capability: keyof typeof INSTEAD, feature: string, action: string): void {
  if (supports(capability)) return;
  const lack = `${feature} is not supported on ${platform.name} ${platform.version}`;
  throw wrongType(action, `${lack}, only on ${platformsWith(capability)}: ${INSTEAD[capability]}`);
}
