/**
 * A trace in Chrome's trace event format, which ui.perfetto.dev and `chrome://tracing` show: write it as JSON to a file. Times are in
 * µs of the machine's monotonic clock, as in a `.cpuprofile`.
 */
export interface Trace {
  /** The events: names of processes and threads first, the others by time. */
  readonly traceEvents: readonly TraceEvent[];
  /** The unit that viewers show times in. */
  readonly displayTimeUnit: 'ms';
}

/** An event of a trace. */
export interface TraceEvent {
  /**
   * What the event is: `X` a slice of a thread, `b` and `e` the ends of a slice that may overlap others, `s`, `t` and `f` the
   * begin, a step and the end of a flow, `i` an instant, `C` the value of a counter, `M` the name or position of a process or thread.
   */
  readonly ph: 'X' | 'b' | 'e' | 's' | 't' | 'f' | 'i' | 'C' | 'M';
  /** What viewers call it: the name of the job, for its runs. */
  readonly name: string;
  /** Its category. */
  readonly cat?: string;
  /** The pool. */
  readonly pid: number;
  /** The pool's thread, or a track of a worker. */
  readonly tid: number;
  /** When it happened or began, in µs. */
  readonly ts: number;
  /** How long a slice lasted, in µs. */
  readonly dur?: number;
  /** The number of the job, which connects the events of a flow, and the ends of a wait. */
  readonly id?: number;
  /** Of the end of a flow: it belongs to the slice around it. */
  readonly bp?: 'e';
  /** Of an instant: it belongs to its thread. */
  readonly s?: 't';
  /** The name of a colour. */
  readonly cname?: string;
  /** What viewers show when it is selected. */
  readonly args: Readonly<Record<string, unknown>>;
}

/** What the flight recorder is asked for. */
export interface TraceOptions {
  /** How far back the trace goes, in milliseconds. Default: `Infinity`, as far as is known. */
  readonly lastMs?: number | undefined;
}
