// Elements of the page. Text is always set as text: names of tasks and messages of errors come from elsewhere.

type Props = Readonly<Record<string, string | number | boolean | undefined>>;
type Child = Node | string | undefined;

/** Makes an element. Properties are attributes; those that are `undefined` or `false` are left out. */
export function el<K extends keyof HTMLElementTagNameMap>(
  name: K,
  props: Props = {},
  ...children: readonly Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(props))
    if (value !== undefined && value !== false) element.setAttribute(key, value === true ? '' : String(value));
  for (const child of children) if (child !== undefined) element.append(child);
  return element;
}

/** Makes a button that calls `click`. */
export function button(text: string, click: () => void, props: Props = {}): HTMLButtonElement {
  const element = el('button', { type: 'button', ...props }, text);
  element.addEventListener('click', click);
  return element;
}

/** Sets a text, unless it is the same: selections and screen readers are not disturbed. */
export function setText(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element: Element, name: string, value: string | undefined): void {
  if (value === undefined) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** The element of the page with an id. */
export function byId<T extends HTMLElement>(id: string, type: new () => T): T {
  const element = document.getElementById(id);
  if (!(element instanceof type)) throw new Error(`The page has no ${id}`);
  return element;
}

/** A child that is kept while its item is there, so that it keeps the focus, or stays open. */
export interface Kept<T> {
  readonly element: HTMLElement;
  update(item: T): void;
}

/** Shows a list of items, an element for each: those of items that stay are updated, not made again. */
export class KeyedList<T> {
  readonly #parent: HTMLElement;
  readonly #keyOf: (item: T) => string;
  readonly #make: (item: T) => Kept<T>;
  #kept = new Map<string, Kept<T>>();

  constructor(parent: HTMLElement, keyOf: (item: T) => string, make: (item: T) => Kept<T>) {
    this.#parent = parent;
    this.#keyOf = keyOf;
    this.#make = make;
  }

  show(items: readonly T[]): void {
    const kept = new Map<string, Kept<T>>();
    let next = this.#parent.firstElementChild;
    for (const item of items) {
      const key = this.#keyOf(item);
      if (kept.has(key)) continue;
      const one = this.#kept.get(key) ?? this.#make(item);
      one.update(item);
      kept.set(key, one);
      if (one.element === next) next = next.nextElementSibling;
      else this.#parent.insertBefore(one.element, next);
    }
    for (const [key, { element }] of this.#kept) if (!kept.has(key)) element.remove();
    this.#kept = kept;
  }
}

/** A section of the page, with its heading. */
export function section(title: string, props: Props = {}): { readonly root: HTMLElement; readonly head: HTMLElement } {
  const id = `section-${title.toLowerCase().replace(/\W+/g, '-')}`;
  const head = el('div', { class: 'head' }, el('h2', { id }, title));
  return { root: el('section', { 'aria-labelledby': id, ...props }, head), head };
}
