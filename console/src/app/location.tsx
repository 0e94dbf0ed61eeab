/** The address is the state: pages read their filters from it and write them to it. */
import { useEffect, useState } from 'preact/hooks';

const base = '/console';
const listeners = new Set<() => void>();
/** Called when a link to the present address is followed: the user wants to see what is new. */
const repeats = new Set<() => void>();
/** Called before the page is left; false keeps it. */
const guards = new Set<() => boolean>();
/** The current page: its path, and its position among the history entries of this console. */
const standing = { path: '', at: 0 };
/** The scroll position of each history entry, for the way back. */
const scrolled = new Map<number, number>();
let backTo = 0;

export interface Place {
  /** Below `/console`, without a trailing slash: `/calls/abc`, or empty. */
  readonly path: string;
  readonly query: URLSearchParams;
}

function readPlace(): Place {
  const { pathname, search } = window.location;
  return { path: pathname.slice(base.length).replace(/\/+$/, ''), query: new URLSearchParams(search) };
}

export function hrefOf(path: string, query: Readonly<Record<string, string | number | null | undefined>> = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
  }
  const text = search.toString();
  return `${base}${path}${text === '' ? '' : `?${text}`}`;
}

/** A choice adds a history entry; typing replaces the current one, so that Back undoes one choice. */
export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  const { pathname } = new URL(href, window.location.href);
  if (pathname !== window.location.pathname && !mayLeave()) return;
  if (how === 'push') {
    scrolled.set(standing.at, window.scrollY);
    standing.at += 1;
  }
  backTo = 0;
  standing.path = pathname;
  if (how === 'push') history.pushState({ at: standing.at }, '', href);
  else history.replaceState({ at: standing.at }, '', href);
  for (const listener of listeners) listener();
}

/** False if the user wants to stay with unsaved edits. */
export function mayLeave(): boolean {
  return [...guards].every((guard) => guard());
}

/** Back and Forward change the page too: if the user stays, the history returns to this entry. */
function followHistory(): () => void {
  standing.path = window.location.pathname;
  standing.at = placeOf(history.state) ?? 0;
  history.replaceState({ at: standing.at }, '');
  const onPopState = (event: PopStateEvent): void => {
    const { pathname } = window.location;
    const at = placeOf(event.state) ?? standing.at;
    if (pathname !== standing.path && !mayLeave()) {
      // The browser does not say which entry it left, so this one is restored.
      if (at === standing.at) history.pushState({ at }, '', standing.path);
      else history.go(standing.at - at);
      return;
    }
    scrolled.set(standing.at, window.scrollY);
    standing.path = pathname;
    standing.at = at;
    backTo = scrolled.get(at) ?? 0;
    for (const listener of listeners) listener();
  };
  window.addEventListener('popstate', onPopState);
  return () => window.removeEventListener('popstate', onPopState);
}

/** Scrolls a new page to its top; on the way back, to the old position as soon as the page is long enough. */
export function scrollToPlace(): void {
  const wantedPx = backTo;
  window.scrollTo(0, wantedPx);
  if (window.scrollY >= wantedPx - 1) return;
  const stop = new AbortController();
  const grown = new ResizeObserver(() => {
    window.scrollTo(0, wantedPx);
    if (window.scrollY >= wantedPx - 1) stop.abort();
  });
  stop.signal.addEventListener('abort', () => grown.disconnect());
  // A user who scrolls or moves on decides the position.
  for (const type of ['wheel', 'keydown', 'pointerdown', 'popstate']) {
    window.addEventListener(type, () => stop.abort(), { once: true, signal: stop.signal });
  }
  grown.observe(document.body);
}

function placeOf(state: unknown): number | null {
  const { at } = (state ?? {}) as { at?: unknown };
  return typeof at === 'number' ? at : null;
}

/** Changes some members of the query and keeps the others. */
export function setQuery(changes: Readonly<Record<string, string | null>>, how: 'push' | 'replace' = 'push'): void {
  const { query } = readPlace();
  for (const [name, value] of Object.entries(changes)) {
    if (value === null || value === '') query.delete(name);
    else query.set(name, value);
  }
  const text = query.toString();
  go(`${window.location.pathname}${text === '' ? '' : `?${text}`}`, how);
}

export function usePlace(): Place {
  const [place, setPlace] = useState(readPlace);
  useEffect(() => {
    const update = (): void => setPlace(readPlace());
    listeners.add(update);
    return () => {
      listeners.delete(update);
    };
  }, []);
  return place;
}

/** `repeat` must stay the same function. */
export function useRepeat(repeat: () => void): void {
  useEffect(() => {
    repeats.add(repeat);
    return () => {
      repeats.delete(repeat);
    };
  }, [repeat]);
}

/** Asks before edits are discarded. */
export function useLeaveGuard(isChanged: boolean, question: string): void {
  useEffect(() => {
    if (!isChanged) return;
    const guard = (): boolean => window.confirm(question);
    const onUnload = (event: BeforeUnloadEvent): void => event.preventDefault();
    guards.add(guard);
    window.addEventListener('beforeunload', onUnload);
    return () => {
      guards.delete(guard);
      window.removeEventListener('beforeunload', onUnload);
    };
  }, [isChanged, question]);
}

/** Links inside the console, and the browser's history, change the page without a reload. */
export function followAddress(): () => void {
  const leaveHistory = followHistory();
  const onClick = (event: MouseEvent): void => {
    if (event.defaultPrevented || event.button !== 0) return;
    if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    const link = (event.target as Element | null)?.closest?.('a[href]') as HTMLAnchorElement | null;
    if (link === null || link.target !== '' || link.hasAttribute('download')) return;
    const url = new URL(link.href);
    const isOurs =
      url.origin === window.location.origin && (url.pathname === base || url.pathname.startsWith(`${base}/`));
    if (!isOurs || (url.hash !== '' && url.pathname === window.location.pathname)) return;
    event.preventDefault();
    const isHere = url.pathname === window.location.pathname && url.search === window.location.search;
    if (isHere) for (const repeat of repeats) repeat();
    else go(`${url.pathname}${url.search}`);
  };
  document.addEventListener('click', onClick);
  return () => {
    document.removeEventListener('click', onClick);
    leaveHistory();
  };
}
