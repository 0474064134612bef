import { type Capability, has, platform, platformsWith } from '../platform/capabilities.js';
import { wrongType } from './argument-errors.js';

/**
 * Checks that the platform has a feature.
 *
 * @param feature as the caller wrote it, such as `kind 'process'`.
 * @throws {TypeError} that names the feature, the platform, and the platforms that have it.
 */
export function checkSupported(capability: Capability, feature: string, action: string): void {
  if (has(capability)) return;
  const { name, version } = platform;
  throw wrongType(action, `${feature} is not supported on ${name} ${version}, only on ${platformsWith(capability)}`);
}
