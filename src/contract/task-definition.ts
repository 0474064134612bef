/** How a worker finds a task's code: sent once, before the first job that needs it. For `each`, see `map-chunk.ts`. */
export type TaskDefinition =
  | { readonly kind: 'module'; readonly url: string; readonly name: string; readonly each: boolean }
  | { readonly kind: 'inline'; readonly text: string; readonly name: string; readonly each: boolean };
