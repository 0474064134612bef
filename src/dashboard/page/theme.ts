import { byId, setText } from './dom.js';

const THEMES = ['auto', 'dark', 'light'] as const;
type Theme = (typeof THEMES)[number];
const KEY = 'thread-system-theme';

/** Lets people choose dark or light, and calls `changed` when the colours change. */
export function startTheme(changed: () => void): void {
  const button = byId('theme', HTMLButtonElement);
  let theme = THEMES.find((each) => each === localStorage.getItem(KEY)) ?? 'auto';
  const apply = (next: Theme): void => {
    theme = next;
    if (next === 'auto') delete document.documentElement.dataset['theme'];
    else document.documentElement.dataset['theme'] = next;
    setText(button, `Theme: ${next}`);
    localStorage.setItem(KEY, next);
    changed();
  };
  button.addEventListener('click', () => apply(THEMES[(THEMES.indexOf(theme) + 1) % THEMES.length] ?? 'auto'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', changed);
  apply(theme);
}

/** A colour of the present theme. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
}
