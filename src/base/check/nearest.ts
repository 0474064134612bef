/** Returns the one of `names` most similar to a misspelt `name`; `undefined` if none is similar. */
export function nearest(name: string, names: Iterable<string>): string | undefined {
  const written = name.toLowerCase();
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of names) {
    const edits = distance(written, candidate.toLowerCase());
    if (edits < fewest) [best, fewest] = [candidate, edits];
  }
  if (best === undefined) return undefined;
  const meant = best.toLowerCase();
  const isBeginning = written.length > 2 && (meant.startsWith(written) || written.startsWith(meant));
  return isBeginning || fewest <= Math.max(1, Math.floor(written.length / 3)) ? best : undefined;
}

/**
 * Returns how many letters must be inserted, deleted, replaced, or swapped with the next (optimal string alignment).
 */
function distance(a: string, b: string): number {
  let before: number[] = [];
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const isSame = a[i - 1] === b[j - 1];
      let edits = Math.min(at(row, j - 1) + 1, at(previous, j) + 1, at(previous, j - 1) + (isSame ? 0 : 1));
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      if (isSwapped) edits = Math.min(edits, at(before, j - 2) + 1);
      row.push(edits);
    }
    before = previous;
    previous = row;
  }
  return at(previous, b.length);
}

function at(row: readonly number[], index: number): number {
  return row[index] ?? Number.POSITIVE_INFINITY;
}
