/**
 * Groups pairs of places into route matrix requests: each pair is requested once, no other pair is requested, and no
 * request exceeds its vendor's limits. Vendors bill by element, so a request must not cover routes that are already
 * known. Rows with the same gaps share a request, or columns with the same gaps, whichever makes fewer requests.
 */
import type { SharedRequest, Sharing } from '../gateway/call.ts';
import type { Coordinates, DistanceInput } from '../providers/geocoding.ts';
import type { Adapter } from '../providers/provider.ts';
import type { MatrixBounds } from '../providers/vendor-facts.ts';

type Request = SharedRequest<'distance'>;

const onePair: MatrixBounds = { elements: 1, ends: 1 };

export const sharedRoutes: Sharing<'distance'> = {
  plan: (pairs, { facts }: Pick<Adapter, 'facts'>) => planRoutes(pairs, facts.largestMatrix ?? onePair),
  halve({ input, members }) {
    const { origins, destinations } = input;
    const rectangle = { origins, destinations, members: chunk(members, destinations.length) };
    const isTall = origins.length >= destinations.length;
    const half = isTall
      ? { rows: Math.ceil(origins.length / 2), columns: destinations.length }
      : { rows: origins.length, columns: Math.ceil(destinations.length / 2) };
    return cut(rectangle, half).map((part) => requestOf(part, input.mode));
  },
  verdictsOf: (matrix) =>
    matrix.flat().map((element) => (element.kind === 'ok' ? { kind: 'ok', value: [[element]] } : element)),
};

/** Each of `pairs` has one origin and one destination; all have one mode, and all differ. */
export function planRoutes(pairs: readonly DistanceInput[], bounds: MatrixBounds): readonly Request[] {
  const [first] = pairs;
  if (first === undefined) return [];
  const byRows = rectanglesOf(pairs).flatMap((rectangle) => withinBounds(rectangle, bounds));
  const byColumns = rectanglesOf(pairs.map(turned))
    .map(turnedRectangle)
    .flatMap((rectangle) => withinBounds(rectangle, bounds));
  const fewer = byColumns.length < byRows.length ? byColumns : byRows;
  return fewer.map((rectangle) => requestOf(rectangle, first.mode));
}

interface Rectangle {
  readonly origins: readonly Coordinates[];
  readonly destinations: readonly Coordinates[];
  /** One row per origin: the index of each pair among `pairs`. */
  readonly members: readonly (readonly number[])[];
}

/** Groups origins that lead to the same destinations. */
function rectanglesOf(pairs: readonly DistanceInput[]): readonly Rectangle[] {
  const rows = new Map<string, { readonly origin: Coordinates; readonly members: number[] }>();
  for (const [index, { origins }] of pairs.entries()) {
    const origin = origins[0] as Coordinates;
    const row = rows.get(keyOf(origin)) ?? { origin, members: [] };
    row.members.push(index);
    rows.set(keyOf(origin), row);
  }
  const destinationOf = (member: number) => pairs[member]?.destinations[0] as Coordinates;
  const rectangles = new Map<string, { destinations: Coordinates[]; origins: Coordinates[]; members: number[][] }>();
  for (const { origin, members } of rows.values()) {
    const sorted = members
      .map((member) => ({ member, key: keyOf(destinationOf(member)) }))
      .sort((one, other) => (one.key < other.key ? -1 : 1));
    const gaps = sorted.map(({ key }) => key).join('|');
    const destinations = sorted.map(({ member }) => destinationOf(member));
    const rectangle = rectangles.get(gaps) ?? { destinations, origins: [], members: [] };
    rectangle.origins.push(origin);
    rectangle.members.push(sorted.map(({ member }) => member));
    rectangles.set(gaps, rectangle);
  }
  return [...rectangles.values()];
}

function keyOf({ latitude, longitude }: Coordinates): string {
  return `${latitude},${longitude}`;
}

function turned({ origins, destinations, mode }: DistanceInput): DistanceInput {
  return { origins: destinations, destinations: origins, mode };
}

function turnedRectangle({ origins, destinations, members }: Rectangle): Rectangle {
  return {
    origins: destinations,
    destinations: origins,
    members: destinations.map((_origin, row) => members.map((column) => column[row] as number)),
  };
}

/** Splits by whole rows or by whole columns, whichever makes fewer requests. */
function withinBounds(rectangle: Rectangle, { elements, ends }: MatrixBounds): readonly Rectangle[] {
  const { origins, destinations } = rectangle;
  const columns = Math.min(destinations.length, ends, elements);
  const wide = cut(rectangle, { rows: Math.min(ends, Math.floor(elements / columns)), columns });
  const rows = Math.min(origins.length, ends, elements);
  const tall = cut(rectangle, { rows, columns: Math.min(ends, Math.floor(elements / rows)) });
  return tall.length < wide.length ? tall : wide;
}

function cut(rectangle: Rectangle, size: { readonly rows: number; readonly columns: number }): readonly Rectangle[] {
  return chunk([...rectangle.origins.keys()], size.rows).flatMap((rows) =>
    chunk([...rectangle.destinations.keys()], size.columns).map((columns) => ({
      origins: rows.map((row) => rectangle.origins[row] as Coordinates),
      destinations: columns.map((column) => rectangle.destinations[column] as Coordinates),
      members: rows.map((row) => columns.map((column) => rectangle.members[row]?.[column] as number)),
    })),
  );
}

function requestOf({ origins, destinations, members }: Rectangle, mode: DistanceInput['mode']): Request {
  return { input: { origins, destinations, mode }, members: members.flat() };
}

function chunk<Item>(items: readonly Item[], size: number): Item[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_chunk, index) =>
    items.slice(index * size, (index + 1) * size),
  );
}
