/** The `fields` parameter (`a,b(c,d),e.f`, `e/f` and `*`), applied to a reply. */
import { ApiError } from './api-error.ts';

/** An empty mask selects everything below. */
export interface Mask {
  readonly members: Map<string, Mask>;
}

/** The allowed names under a Spreadsheet, as deep as they are checked. An empty object: anything below. */
const known = {
  spreadsheetId: {},
  spreadsheetUrl: {},
  properties: {},
  namedRanges: {},
  developerMetadata: {},
  dataSources: {},
  sheets: {
    properties: {},
    data: {},
    merges: {},
    conditionalFormats: {},
    filterViews: {},
    protectedRanges: {},
    basicFilter: {},
    charts: {},
    bandedRanges: {},
    developerMetadata: {},
    rowGroups: {},
    columnGroups: {},
    slicers: {},
    tables: {},
  },
};

export function applyMask<Value>(value: Value, fields: string | null): Value {
  if (fields === null || fields === '' || fields === '*') return value;
  const mask = parseMask(fields);
  refuseUnknown(mask, known, []);
  return pick(value, mask) as Value;
}

export function parseMask(text: string): Mask {
  const tokens = text.match(/[A-Za-z0-9_*]+|[,()./]/g) ?? [];
  let at = 0;
  const list = (): Mask => {
    const mask: Mask = { members: new Map() };
    while (at < tokens.length && tokens[at] !== ')') {
      path(mask);
      if (tokens[at] === ',') at += 1;
    }
    return mask;
  };
  const path = (mask: Mask): void => {
    const name = tokens[at++] ?? '';
    const found = mask.members.get(name) ?? { members: new Map<string, Mask>() };
    mask.members.set(name, found);
    if (tokens[at] === '.' || tokens[at] === '/') {
      at += 1;
      path(found);
    } else if (tokens[at] === '(') {
      at += 1;
      for (const [member, below] of list().members) found.members.set(member, below);
      at += 1;
    }
  };
  return list();
}

function refuseUnknown(mask: Mask, tree: object, path: readonly string[]): void {
  if (Object.keys(tree).length === 0) return;
  for (const [name, below] of mask.members) {
    const here = [...path, name];
    if (name === '*') continue;
    const member = (tree as Record<string, object>)[name];
    if (member !== undefined) {
      refuseUnknown(below, member, here);
      continue;
    }
    const field = here.join('.');
    throw new ApiError(400, 'Request contains an invalid argument.', [
      {
        '@type': 'type.googleapis.com/google.rpc.BadRequest',
        fieldViolations: [
          {
            field,
            description: `Error expanding 'fields' parameter. Cannot find matching fields for path '${field}'.`,
          },
        ],
      },
    ]);
  }
}

function pick(value: unknown, mask: Mask): unknown {
  if (mask.members.size === 0 || mask.members.has('*')) return value;
  if (Array.isArray(value)) return value.map((item) => pick(item, mask));
  if (typeof value !== 'object' || value === null) return value;
  const picked: Record<string, unknown> = {};
  for (const [name, below] of mask.members) {
    const member = (value as Record<string, unknown>)[name];
    if (member !== undefined) picked[name] = pick(member, below);
  }
  return picked;
}

/** Whether the mask selects `path` (`gridProperties.rowCount`), itself or through a parent. */
export function takes(mask: Mask, path: string): boolean {
  let at = mask;
  for (const name of path.split('.')) {
    if (at.members.has('*')) return true;
    const below = at.members.get(name);
    if (below === undefined) return false;
    if (below.members.size === 0) return true;
    at = below;
  }
  return true;
}

/** A mask of the members to change, which the API requires. */
export function changeMask(fields: unknown, known: readonly string[]): Mask {
  if (typeof fields !== 'string' || fields.trim() === '') {
    throw new ApiError(400, "At least one field must be listed in 'fields'. (Use '*' to indicate all fields.)");
  }
  const mask = parseMask(fields);
  const strange = [...mask.members.keys()].find((name) => name !== '*' && !known.includes(name));
  if (strange !== undefined) throw new ApiError(400, `Invalid field: ${strange}`);
  return mask;
}
