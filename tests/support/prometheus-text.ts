// Reads the text format of Prometheus strictly, and looks for what `promtool check metrics` complains of.

export interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface Family {
  readonly name: string;
  readonly help: string;
  readonly type: string;
  readonly samples: Sample[];
}

const SUFFIXES: Readonly<Record<string, readonly string[]>> = { histogram: ['_bucket', '_sum', '_count'] };
const LABEL = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(,|$)/y;

/** @throws {Error} for anything that is not of the format. */
export function parseText(text: string): Map<string, Family> {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const families = new Map<string, Family>();
  let current: Family | undefined;
  let help: RegExpExecArray | null = null;
  for (const line of text.split('\n')) {
    if (line === '' || line === '# EOF') continue;
    const type = /^# TYPE (\S+) (\w+)$/.exec(line);
    if (line.startsWith('# HELP ')) help = /^# HELP (\S+) (.+)$/.exec(line);
    else if (type !== null) {
      const [, name = '', kind = ''] = type;
      if (help?.[1] !== name) throw new Error(`no HELP before TYPE of ${name}`);
      if (families.has(name)) throw new Error(`${name} is there twice`);
      current = { name, help: help?.[2] ?? '', type: kind, samples: [] };
      families.set(name, current);
    } else {
      const sample = parseSample(line);
      if (current === undefined || !isOf(current, sample.name)) throw new Error(`not of its family: ${line}`);
      current.samples.push(sample);
    }
  }
  return families;
}

function isOf({ name, type }: Family, sample: string): boolean {
  return (SUFFIXES[type] ?? ['', '_total']).some((suffix) => sample === `${name}${suffix}`);
}

function parseSample(line: string): Sample {
  const [, name = '', inner = '', value = ''] = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line) ?? [];
  if (name === '') throw new Error(`no sample: ${line}`);
  const labels: Record<string, string> = {};
  LABEL.lastIndex = 0;
  for (let at = 0; at < inner.length; at = LABEL.lastIndex) {
    const match = LABEL.exec(inner);
    if (match === null) throw new Error(`bad labels: ${line}`);
    const [, label = '', text = ''] = match;
    if (label in labels) throw new Error(`label ${label} is there twice: ${line}`);
    labels[label] = text.replace(/\\(.)/g, (_all, char: string) => (char === 'n' ? '\n' : char));
  }
  const number = value === '+Inf' ? Number.POSITIVE_INFINITY : Number(value);
  if (Number.isNaN(number)) throw new Error(`no number: ${line}`);
  return { name, labels, value: number };
}

/** The complaints of `promtool check metrics`, and of its parser. */
export function lint(families: Map<string, Family>): string[] {
  return [...families.values()].flatMap((family) => lintFamily(family).map((fault) => `${family.name}: ${fault}`));
}

function lintFamily({ name, help, type, samples }: Family): string[] {
  const faults: string[] = [];
  if (help === '') faults.push('no help text');
  if ((type === 'counter') !== name.endsWith('_total')) faults.push('_total is for counters');
  if (/_(?:milliseconds|ms|minutes|hours|bits|count|sum|bucket|info)(?:_|$)/.test(name)) faults.push('suffix or unit');
  if (/[A-Z]|(?:^|_)(?:counter|gauge|histogram|summary)(?:_|$)/.test(name)) faults.push('name');
  const has = (label: string): boolean => samples.some(({ labels }) => label in labels);
  if (type !== 'histogram' && has('le')) faults.push('le is for histograms');
  if (type !== 'summary' && has('quantile')) faults.push('quantile is for summaries');
  const keys = samples.map((sample) => JSON.stringify([sample.name, Object.entries(sample.labels).sort()]));
  if (new Set(keys).size < keys.length) faults.push('a series is there twice');
  return faults;
}

/** The value of the only series with these labels. */
export function seriesValue(
  families: Map<string, Family>,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): number {
  const family = families.get(name) ?? families.get(name.replace(/_(?:bucket|sum|count)$/, ''));
  const found = (family?.samples ?? []).filter(
    (sample) => sample.name === name && Object.entries(labels).every(([label, text]) => sample.labels[label] === text),
  );
  if (found.length !== 1) throw new Error(`${found.length} series of ${name} have ${JSON.stringify(labels)}`);
  return found[0]?.value ?? Number.NaN;
}
