export { type InstrumentOptions, instrument } from './exporters/otel/instrument.js';
export {
  ThreadSystemInstrumentation,
  type ThreadSystemInstrumentationConfig,
} from './exporters/otel/instrumentation.js';
