// The module that submit.test-d.ts names as a task module. Only its types are used.
export const LIMIT = 10;

export function repeat(text: string, times: number): string {
  return text.repeat(times);
}

export async function fetchLength(url: URL): Promise<number> {
  return url.href.length;
}

export function* walk(root: string): Generator<string, number> {
  yield root;
  return 1;
}

export function greet(name = 'world'): string {
  return `hello ${name}`;
}
