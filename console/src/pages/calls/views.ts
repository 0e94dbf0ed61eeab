/** Named filters, stored in this browser per tenant; each is also a link. */
import { recall, remember } from '../../app/remember.ts';
import { filterNames } from './filters.ts';

export interface View {
  readonly name: string;
  /** The filters as in the address. */
  readonly search: string;
}

export interface KeptViews {
  readonly views: readonly View[];
  /** The name of the default view. */
  readonly start: string | null;
}

const mostViews = 30;
const longestName = 60;

export function readViews(tenant: string): KeptViews {
  try {
    const kept: unknown = JSON.parse(recall(`views.${tenant}`) ?? '{}');
    const { views = [], start = null } = kept as { views?: unknown; start?: unknown };
    return {
      views: Array.isArray(views) ? views.filter(isView) : [],
      start: typeof start === 'string' ? start : null,
    };
  } catch {
    // Another program's text in the storage is ignored.
    return { views: [], start: null };
  }
}

function isView(value: unknown): value is View {
  const { name, search } = (value ?? {}) as Partial<View>;
  return typeof name === 'string' && typeof search === 'string';
}

export function keepViews(tenant: string, kept: KeptViews): void {
  remember(`views.${tenant}`, JSON.stringify({ ...kept, views: kept.views.slice(0, mostViews) }));
}

/** Replaces a view of the same name. */
export function withView(kept: KeptViews, name: string, search: string): KeptViews {
  const view = { name: name.trim().slice(0, longestName), search };
  return { ...kept, views: [view, ...kept.views.filter((one) => one.name !== view.name)] };
}

export function withoutView(kept: KeptViews, name: string): KeptViews {
  return {
    views: kept.views.filter((one) => one.name !== name),
    start: kept.start === name ? null : kept.start,
  };
}

/** Only the filters, in a fixed order, so that equal filters are equal texts. */
export function searchOf(query: URLSearchParams): string {
  const filters = new URLSearchParams();
  for (const name of filterNames) {
    const value = query.get(name);
    if (value !== null && value !== '') filters.set(name, value);
  }
  return filters.toString();
}
