// Text of certain widths, for a terminal: a character takes no, one or two cells.

/** Characters that would move the cursor, or that have other effects: of foreign text nothing but letters is shown. */
const CONTROL = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const WIDE =
  /[\p{Script=Han}\p{Script=Hangul}\p{Script=Hiragana}\p{Script=Katakana}\p{Emoji_Presentation}\uff01-\uff60]/u;
const ZERO_WIDTH = /\p{M}/u;

const ANSI = { bold: 1, dim: 2, red: 31, green: 32, yellow: 33, cyan: 36, inverse: 7 } as const;

export type Style = keyof typeof ANSI;

/** Makes text of a style, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string;

export function painter(isColoured: boolean): Paint {
  return (style, text) => (isColoured ? `\x1b[${ANSI[style]}m${text}\x1b[0m` : text);
}

function widthOf(character: string): number {
  if (ZERO_WIDTH.test(character)) return 0;
  return WIDE.test(character) ? 2 : 1;
}

/** Foreign text without characters that a terminal obeys. */
function harmless(text: string): string {
  return text.replace(CONTROL, '\ufffd');
}

/** Text of exactly `width` cells: cut, or filled up with spaces. @param align where the text goes. */
export function toCells(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const whole = harmless(text);
  let cells = 0;
  let cut = '';
  for (const character of whole) {
    const next = cells + widthOf(character);
    if (next > width) {
      cut = width === 0 ? '' : `${dropLast(cut, width - 1)}…`;
      break;
    }
    cut += character;
    cells = next;
  }
  const missing = ' '.repeat(Math.max(0, width - cellsOf(cut)));
  return align === 'left' ? cut + missing : missing + cut;
}

function cellsOf(text: string): number {
  let cells = 0;
  for (const character of text) cells += widthOf(character);
  return cells;
}

/** The first characters that fit in `width` cells. */
function dropLast(text: string, width: number): string {
  let kept = '';
  let cells = 0;
  for (const character of text) {
    cells += widthOf(character);
    if (cells > width) break;
    kept += character;
  }
  return kept;
}

/** A bar of `width` cells. @param share from 0 to 1. */
export function bar(share: number, width: number): string {
  const filled = Math.round(Math.min(1, Math.max(0, share)) * width);
  return '█'.repeat(filled) + '░'.repeat(width - filled);
}

/** A time in a unit that fits it. */
export function timeText(ms: number): string {
  if (ms < 10) return `${ms.toFixed(ms < 1 ? 2 : 1)} ms`;
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1_000).toFixed(1)} s`;
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 60) return `${minutes} min ${Math.floor((ms % 60_000) / 1_000)} s`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A count with its thousands apart. */
export function countText(count: number): string {
  return String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');
}

/** A rate: with a decimal if it is low. */
export function rateText(perSecond: number): string {
  return `${perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : countText(perSecond)}/s`;
}
