/** Members in which versions of one object differ, at any depth. */

export type Plain = Readonly<Record<string, unknown>>;

export interface Difference {
  /** `targets[0].url` */
  readonly path: string;
  /** One value per version; null if it has no such member. */
  readonly texts: readonly (string | null)[];
}

export function sameValue(a: unknown, b: unknown): boolean {
  return a === b || JSON.stringify(a) === JSON.stringify(b);
}

/** Whole members: edited ones stay as they were typed. */
export function rebaseMembers<Draft extends object>(base: Draft, draft: Draft, theirs: Draft): Draft {
  const mine = Object.entries(draft).filter(([name, value]) => !sameValue(value, base[name as keyof Draft]));
  return { ...theirs, ...Object.fromEntries(mine) };
}

export function differences(versions: readonly Plain[]): readonly Difference[] {
  const flat = versions.map((version) => leavesOf('', version));
  const paths = [...new Set(flat.flatMap((leaves) => [...leaves.keys()]))];
  return paths
    .map((path) => ({ path, texts: flat.map((leaves) => leaves.get(path) ?? null) }))
    .filter(({ texts }) => new Set(texts).size > 1);
}

function leavesOf(path: string, value: unknown): Map<string, string> {
  const isList = Array.isArray(value) && value.some((item) => typeof item === 'object');
  if (typeof value !== 'object' || value === null || (Array.isArray(value) && !isList)) {
    return new Map([[path, textOf(value)]]);
  }
  const children = Object.entries(value).map(([name, child]) =>
    leavesOf(isList ? `${path}[${name}]` : path === '' ? name : `${path}.${name}`, child),
  );
  return new Map(children.flatMap((leaves) => [...leaves]));
}

function textOf(value: unknown): string {
  if (value === undefined || value === null || value === '') return '–';
  return typeof value === 'string' ? value : Array.isArray(value) ? value.join(', ') : JSON.stringify(value);
}
