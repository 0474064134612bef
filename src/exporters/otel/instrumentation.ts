import type { MeterProvider, TracerProvider } from '@opentelemetry/api';
import { bare } from '../../base/bare.js';
import { VERSION } from '../../base/version.js';
import { SCOPE_NAME } from './attribute-names.js';
import { type InstrumentOptions, instrument } from './instrument.js';

/** The options of `instrument`, and whether it begins at once. */
export interface ThreadSystemInstrumentationConfig extends InstrumentOptions {
  /** Whether it begins when it is made. Default: `true`. */
  readonly enabled?: boolean | undefined;
}

/**
 * The same as {@link instrument}, in the form that `registerInstrumentations` of `@opentelemetry/instrumentation` and the Node
 * SDK of OpenTelemetry take.
 *
 * @example
 * ```ts
 * registerInstrumentations({ instrumentations: [new ThreadSystemInstrumentation({ spans: 'all' })] });
 * ```
 */
export class ThreadSystemInstrumentation {
  /** Its name for OpenTelemetry. */
  readonly instrumentationName = SCOPE_NAME;
  /** The library's version. */
  readonly instrumentationVersion = VERSION;
  #config: ThreadSystemInstrumentationConfig = {};
  #provider: TracerProvider | undefined;
  #end: (() => void) | undefined;

  /**
   * @throws {TypeError | RangeError} for a bad option, naming it, the rule and the value received.
   * @throws {TypeError} if the package `@opentelemetry/api` is not installed.
   */
  constructor(config: ThreadSystemInstrumentationConfig = {}) {
    this.setConfig(config);
  }

  /** Begins to make spans, unless it already does. */
  enable(): void {
    this.setConfig({ ...this.#config, enabled: true });
  }

  /** Stops making spans. */
  disable(): void {
    this.setConfig({ ...this.#config, enabled: false });
  }

  /** Returns the options in force. */
  getConfig(): InstrumentOptions & {
    /** Whether it makes spans. */
    enabled: boolean;
  } {
    return { ...this.#config, enabled: this.#config.enabled ?? true };
  }

  /** Sets the options, and begins or ends accordingly. */
  setConfig(config: ThreadSystemInstrumentationConfig): void {
    this.#end?.();
    this.#end = undefined;
    this.#config = bare(config);
    const { enabled = true, tracer = this.#provider?.getTracer(SCOPE_NAME, VERSION), ...options } = this.#config;
    if (enabled) this.#end = instrument({ ...options, tracer });
  }

  /** Makes spans with a tracer of this provider. */
  setTracerProvider(provider: TracerProvider): void {
    this.#provider = provider;
    this.setConfig(this.#config);
  }

  /** Does nothing: metrics come from `otelMetrics`. */
  setMeterProvider(_provider: MeterProvider): void {}
}
