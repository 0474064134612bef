/** A length of time: `180 µs`, `2.31 ms`, `1.20 s`, `3 min 20 s`. */
export function ms(value: number): string {
  if (value <= 0) return '0';
  if (value < 1) return `${Math.max(1, Math.round(value * 1e3))} µs`;
  if (value < 1e3) return `${digits(value)} ms`;
  if (value < 60e3) return `${digits(value / 1e3)} s`;
  const seconds = Math.round(value / 1e3);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`;
}

export function count(value: number): string {
  return Number.isInteger(value) ? value.toLocaleString('en') : digits(value);
}

export function rate(value: number): string {
  return `${value >= 100 ? Math.round(value).toLocaleString('en') : digits(value)}/s`;
}

export function percent(share: number): string {
  const value = share * 100;
  return `${value > 0 && value < 10 ? value.toFixed(1) : Math.round(value)} %`;
}

/** How long ago, or in how long. */
export function ago(at: number, now: number): string {
  return at <= now ? `${ms(now - at)} ago` : `in ${ms(at - now)}`;
}

export function clock(at: number): string {
  return new Date(at).toLocaleTimeString('en-GB');
}

function digits(value: number): string {
  return value === 0 ? '0' : value < 10 ? value.toFixed(2) : value < 100 ? value.toFixed(1) : String(Math.round(value));
}
