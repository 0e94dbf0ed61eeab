/** Parts that do not need each other open at once: a start waits for the slowest answer of the stores, not for their sum. */
import type { CoreParts } from './core-parts.ts';

type Closable = { close(): Promise<void> | void };
type Openers = Readonly<Record<string, () => Promise<Closable | null> | Closable | null>>;
type Opened<Given extends Openers> = { readonly [Name in keyof Given]: Awaited<ReturnType<Given[Name]>> };

/** Owns them in the order given. Where one does not open, the others are owned all the same, and its error is thrown. */
export async function openTogether<Given extends Openers>(
  own: CoreParts['own'],
  openers: Given,
): Promise<Opened<Given>> {
  const names = Object.keys(openers) as (keyof Given & string)[];
  const results = await Promise.allSettled(names.map((name) => begin(openers[name] as Given[typeof name])));
  const parts: [string, Closable | null][] = [];
  for (const [index, result] of results.entries()) {
    if (result.status === 'rejected') continue;
    parts.push([names[index] as string, result.value === null ? null : own(result.value)]);
  }
  const failed = results.find((result) => result.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  return Object.fromEntries(parts) as Opened<Given>;
}

/** Its failure is met where it is awaited, which may be later. */
export function begin<Part>(open: () => Promise<Part> | Part): Promise<Part> {
  const opening = Promise.resolve().then(open);
  opening.catch(() => {});
  return opening;
}
