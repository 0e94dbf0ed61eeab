/** Whose fault a refused batch is. */

/**
 * Google refuses a batch whole and names the culprit ("Unable to parse range: X", "Invalid data[3]: …") most of the
 * time. What it names is alone at fault; where it names nothing, the batch is halved until the culprit stands alone.
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
  const parse = /Unable to parse range: (.+)$/.exec(message);
  return parse !== null && parse[1] === range;
}
