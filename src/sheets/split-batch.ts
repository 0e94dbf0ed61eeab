/** Finds the item that caused the refusal of a batch. */
import type { ServiceError } from '../errors.ts';
import { A1SyntaxError, parseA1, printA1 } from './a1.ts';
import type { LaneItem, PutBack } from './limits/lane.ts';

/**
 * Google refuses a batch as a whole and usually names the culprit ("Unable to parse range: X", "Range (X) exceeds grid
 * limits", "Invalid data[3]: …"). A named item alone fails; if none is named, the batch is halved until the culprit
 * stands alone.
 */
export function splitBatch<Item>(
  items: readonly Item[],
  rangeOf: (item: Item) => string,
  message: string,
): { readonly guilty: readonly Item[]; readonly parts: readonly (readonly Item[])[] } {
  if (items.length === 1) return { guilty: items, parts: [] };
  const guilty = items.filter((item, index) => isNamed(rangeOf(item), index, message));
  if (guilty.length > 0) return { guilty, parts: [items.filter((item) => !guilty.includes(item))] };
  const middle = Math.ceil(items.length / 2);
  return { guilty: [], parts: [items.slice(0, middle), items.slice(middle)] };
}

function isNamed(range: string, index: number, message: string): boolean {
  const place = /\bdata\[(\d+)\]/.exec(message);
  if (place !== null) return Number(place[1]) === index;
  const named = /Unable to parse range: (.+)$/.exec(message) ?? /\bRange \((.+)\) exceeds grid limits/.exec(message);
  return named !== null && isSameRange(named[1] as string, range);
}

/** Google may print a range differently from the way it was sent: `Sheet1!A5000` for `'Sheet1'!A5000`. */
function isSameRange(named: string, asked: string): boolean {
  if (named === asked) return true;
  try {
    return printA1(parseA1(named)) === printA1(parseA1(asked));
  } catch (error) {
    if (error instanceof A1SyntaxError) return false; // The text was cut short, or is not a range.
    throw error;
  }
}

/**
 * A refusal of a change of tables does not say whose rows are wrong: the batch is halved until each culprit stands
 * alone. What is refused by another status than 400 is refused to all.
 */
export async function refuseGuilty<Item, Result>(
  items: readonly LaneItem<Item, Result>[],
  refused: { readonly status: number | null; readonly error: ServiceError },
  send: (part: readonly LaneItem<Item, Result>[]) => Promise<PutBack<Item, Result> | null>,
): Promise<PutBack<Item, Result> | null> {
  if (refused.status === 400 && items.length > 1) {
    const middle = Math.ceil(items.length / 2);
    return sendParts([items.slice(0, middle), items.slice(middle)], send);
  }
  for (const item of items) item.reject(refused.error);
  return null;
}

/** Sends the parts one after the other; where a limit puts one back, the later ones go back with it. */
export async function sendParts<Item, Result>(
  parts: readonly (readonly LaneItem<Item, Result>[])[],
  send: (part: readonly LaneItem<Item, Result>[]) => Promise<PutBack<Item, Result> | null>,
): Promise<PutBack<Item, Result> | null> {
  for (const [index, part] of parts.entries()) {
    const putBack = part.length === 0 ? null : await send(part);
    if (putBack !== null) return { ...putBack, items: [...putBack.items, ...parts.slice(index + 1).flat()] };
  }
  return null;
}
