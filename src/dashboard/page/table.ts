import { el, type Kept, KeyedList, setAttribute, setText } from './dom.js';

export interface Column<T> {
  readonly title: string;
  readonly isNumber?: boolean;
  /** The text of a cell. */
  text?(row: T): string;
  /** Elements of a cell, made once for each row; returns how to update them. */
  make?(cell: HTMLTableCellElement, row: T): (row: T) => void;
  /** The value by which rows are sorted, if the table can be sorted by this column. */
  sort?(row: T): number | string;
}

interface TableOptions<T> {
  readonly label: string;
  readonly columns: readonly Column<T>[];
  readonly empty: string;
  keyOf(row: T): string;
}

/** A table whose rows are kept from one update to the next. */
export class Table<T> {
  readonly root: HTMLElement;
  readonly #columns: readonly Column<T>[];
  readonly #rows: KeyedList<T>;
  readonly #empty: HTMLElement;
  readonly #scroll: HTMLElement;
  readonly #heads: readonly HTMLTableCellElement[];
  #sortedBy: Column<T> | undefined;
  #isAscending = false;
  #shown: readonly T[] = [];

  constructor({ label, columns, empty, keyOf }: TableOptions<T>) {
    this.#columns = columns;
    this.#heads = columns.map((column) => this.#head(column));
    const body = el('tbody');
    this.#rows = new KeyedList<T>(body, keyOf, (row) => this.#row(row));
    const table = el('table', { 'aria-label': label }, el('thead', {}, el('tr', {}, ...this.#heads)), body);
    this.#empty = el('p', { class: 'empty' }, empty);
    this.#scroll = el('div', { class: 'scroll', tabindex: 0, role: 'group', 'aria-label': label }, table);
    this.root = el('div', {}, this.#scroll, this.#empty);
  }

  show(rows: readonly T[]): void {
    this.#shown = rows;
    const by = this.#sortedBy?.sort;
    const direction = this.#isAscending ? 1 : -1;
    const sorted = by === undefined ? rows : rows.toSorted((a, b) => direction * compare(by(a), by(b)));
    this.#rows.show(sorted);
    this.#scroll.hidden = rows.length === 0;
    this.#empty.hidden = rows.length > 0;
  }

  /** Sorts by a column from now on. */
  sortBy(title: string): this {
    this.#sortedBy = this.#columns.find((column) => column.title === title);
    this.#showOrder();
    return this;
  }

  #head(column: Column<T>): HTMLTableCellElement {
    const { title, isNumber, sort } = column;
    const head = el('th', { scope: 'col', class: isNumber === true ? 'number' : undefined });
    if (sort === undefined) head.append(title);
    else {
      const button = el('button', { type: 'button' }, title);
      button.addEventListener('click', () => {
        this.#isAscending = this.#sortedBy === column ? !this.#isAscending : isNumber !== true;
        this.#sortedBy = column;
        this.#showOrder();
        this.show(this.#shown);
      });
      head.append(button);
    }
    return head;
  }

  #showOrder(): void {
    for (const [index, head] of this.#heads.entries()) {
      const isIt = this.#columns[index] === this.#sortedBy;
      setAttribute(head, 'aria-sort', isIt ? (this.#isAscending ? 'ascending' : 'descending') : undefined);
    }
  }

  #row(first: T): Kept<T> {
    const element = el('tr');
    const updates = this.#columns.map(({ isNumber, text, make }) => {
      const cell = el('td', { class: isNumber === true ? 'number' : text === undefined ? undefined : 'text' });
      element.append(cell);
      if (make !== undefined) return make(cell, first);
      return (row: T): void => {
        const shown = text?.(row) ?? '';
        setText(cell, shown);
        if (isNumber !== true) setAttribute(cell, 'title', shown.length > 24 ? shown : undefined);
      };
    });
    return {
      element,
      update: (row) => {
        for (const update of updates) update(row);
      },
    };
  }
}

function compare(a: number | string, b: number | string): number {
  return typeof a === 'number' && typeof b === 'number' ? a - b : String(a).localeCompare(String(b));
}
