import { EventLoopDelay } from '../event-loop-delay.js';
import {
  type MeasuredPools,
  type MeasuredSubmitters,
  type MetricsOptions,
  readMetricsOptions,
} from '../export-options.js';
import { PoolsReader } from '../readings.js';
import { familiesOf, NAMING } from './families.js';
import { writeText } from './text-format.js';

const ACTION = 'write metrics for Prometheus';

/** Of all calls, from the first one on. */
let delay: EventLoopDelay | undefined;

/**
 * Returns the metrics of pools in the text format of Prometheus (version 0.0.4), for a program without prom-client. Serve
 * it as `text/plain; version=0.0.4; charset=utf-8`.
 *
 * Delays of the event loop are measured from the first call on, each time since the last.
 *
 * @param pools the pools, by the values of the label `pool`.
 * @throws {TypeError | RangeError} for a bad pool or option, naming it, the rule and the value received.
 *
 * @example
 * ```ts
 * createServer((_request, response) => {
 *   response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
 *   response.end(prometheusText({ main: pool }));
 * });
 * ```
 */
export function prometheusText(pools: MeasuredPools, options?: MetricsOptions): string;
/** As above, with pools of clusters: these are asked over the network, so a promise is returned. */
export function prometheusText(pools: MeasuredSubmitters, options?: MetricsOptions): Promise<string>;
export function prometheusText(pools: MeasuredSubmitters, options?: MetricsOptions): string | Promise<string> {
  const settings = readMetricsOptions(pools, options, { naming: NAMING, action: ACTION });
  delay ??= new EventLoopDelay();
  const reader = new PoolsReader(settings, delay);
  const families = familiesOf(settings);
  if (!reader.hasClusters) return writeText(families, reader.read());
  return reader.readAll().then((readings) => writeText(families, readings));
}
