/** What a request is for. */
export type Route =
  | { readonly kind: 'page' }
  | { readonly kind: 'redirect'; readonly location: string }
  | { readonly kind: 'stream' }
  | { readonly kind: 'snapshot' }
  | { readonly kind: 'action'; readonly name: ActionName }
  | { readonly kind: 'recording'; readonly name: RecordingName }
  | { readonly kind: 'unknown' };

export type ActionName = 'cancel' | 'priority' | 'pause' | 'resume' | 'retry';
export type RecordingName = 'profile' | 'trace' | 'heap';

const ROUTES: ReadonlyMap<string, Route> = new Map<string, Route>([
  ['', { kind: 'page' }],
  ['stream', { kind: 'stream' }],
  ['snapshot', { kind: 'snapshot' }],
  ...(['cancel', 'priority', 'pause', 'resume', 'retry'] as const).map(
    (name) => [name, { kind: 'action', name }] as const,
  ),
  ...(['profile', 'trace', 'heap'] as const).map((name) => [name, { kind: 'recording', name }] as const),
]);

/**
 * Last part of an address at which the dashboard may be mounted: neither a file nor anything that a browser reads as a scheme.
 */
const MOUNT = /^[\w~%-]+$/;

/** The parts of a request that determine its route. Express strips the address of the mount from `url`; others do not. */
export interface Addressed {
  readonly url?: string | undefined;
  readonly originalUrl?: string | undefined;
}

/** Finds the route of a request by the end of its path, as the dashboard does not know where it is mounted. */
export function routeOf({ url = '/', originalUrl }: Addressed): {
  readonly route: Route;
  readonly query: URLSearchParams;
} {
  const [path, query] = split(typeof originalUrl === 'string' ? originalUrl : url);
  return { route: find(path, split(url)[0]), query: new URLSearchParams(query) };
}

function find(path: string, within: string): Route {
  const last = path.slice(path.lastIndexOf('/') + 1);
  // what is left is the mount itself, unless it is known and there is more
  const isMount = within === path ? path.indexOf('/', 1) < 0 : within === '/';
  const known = within === '/' && within !== path && last !== '' ? undefined : ROUTES.get(last);
  if (known !== undefined) return known;
  return isMount && MOUNT.test(last) ? { kind: 'redirect', location: `${last}/` } : { kind: 'unknown' };
}

function split(url: string): [path: string, query: string] {
  const at = url.indexOf('?');
  return at < 0 ? [url, ''] : [url.slice(0, at), url.slice(at)];
}
