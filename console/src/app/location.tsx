/** The address is the state: pages read their filters from it and write them back. */
import { useEffect, useState } from 'preact/hooks';

const base = '/console';
const listeners = new Set<() => void>();
/** Asked before the page is left; false keeps it. */
const guards = new Set<() => boolean>();

export interface Place {
  /** Below `/console`, without a slash at its end: `/calls/abc`, or empty. */
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

/** A choice pushes an entry of the history; typing replaces it, so that Back undoes one decision. */
export function go(href: string, how: 'push' | 'replace' = 'push'): void {
  const leavesPage = new URL(href, window.location.href).pathname !== window.location.pathname;
  if (leavesPage && [...guards].some((mayLeave) => !mayLeave())) return;
  if (how === 'push') history.pushState(null, '', href);
  else history.replaceState(null, '', href);
  for (const listener of listeners) listener();
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
    window.addEventListener('popstate', update);
    return () => {
      listeners.delete(update);
      window.removeEventListener('popstate', update);
    };
  }, []);
  return place;
}

/** Asks before edits are thrown away. */
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

/** Links inside the console change the page without loading it again; every other click is the browser's. */
export function followLinks(): () => void {
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
    go(`${url.pathname}${url.search}`);
  };
  document.addEventListener('click', onClick);
  return () => document.removeEventListener('click', onClick);
}
