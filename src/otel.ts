/**
 * Spans of OpenTelemetry for jobs.
 *
 * @module thread-system/otel
 */
export { type InstrumentOptions, instrument } from './exporters/otel/instrument.js';
export {
  ThreadSystemInstrumentation,
  type ThreadSystemInstrumentationConfig,
} from './exporters/otel/instrumentation.js';
