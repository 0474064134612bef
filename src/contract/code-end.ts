/** How code ended whose outcome another thread receives: with a value, or with an error. */
export type CodeEnd = { readonly value: unknown } | { readonly error: unknown };
