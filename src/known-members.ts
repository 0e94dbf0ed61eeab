/**
 * Finds members that a schema does not define, so that they are refused by name and not ignored. The schema itself
 * validates the values.
 */
import { type InputFault, words } from './errors.ts';

export interface KnownMembers {
  /** `any`: every member is known. `none`: the schema allows no object here and refuses it itself. */
  readonly members: ReadonlyMap<string, KnownMembers> | 'any' | 'none';
  /** For a list: the known members of its items. */
  readonly items: KnownMembers | null;
}

/** The JSON Schema keywords that are read here. */
interface Schema {
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly additionalProperties?: unknown;
  readonly patternProperties?: unknown;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly allOf?: readonly Schema[];
  readonly type?: unknown;
  readonly const?: unknown;
}

const anything: KnownMembers = { members: 'any', items: null };
const maxFaults = 20;
const maxNameLength = 100;
export const unknownMember = words('is not known here', 'здесь неизвестно');

/**
 * Collects the members that a schema defines. For a union, the members of every alternative are known; alternatives
 * that allow only text or numbers have no members.
 */
export function knownMembersOf(schema: object): KnownMembers {
  const { properties, additionalProperties, patternProperties, items, anyOf, allOf, type } = schema as Schema;
  const forms = anyOf ?? allOf;
  if (forms !== undefined) {
    const known = forms.filter(hasMembers).map(knownMembersOf);
    return known.length === 0 ? anything : known.reduce(merged);
  }
  if (type === 'array') return { members: 'none', items: items === undefined ? null : knownMembersOf(items) };
  if (type !== 'object') return anything;
  if (patternProperties !== undefined || (additionalProperties ?? false) !== false) return anything;
  return {
    members: new Map(Object.entries(properties ?? {}).map(([name, member]) => [name, knownMembersOf(member)])),
    items: null,
  };
}

function hasMembers({ type, anyOf, allOf, const: constant }: Schema): boolean {
  if (anyOf !== undefined || allOf !== undefined) return true;
  return type === undefined ? constant === undefined : type === 'object' || type === 'array';
}

function merged(one: KnownMembers, other: KnownMembers): KnownMembers {
  const items =
    one.items === null || other.items === null ? (one.items ?? other.items) : merged(one.items, other.items);
  if (one.members === 'any' || other.members === 'any') return { members: 'any', items };
  if (one.members === 'none' || other.members === 'none') {
    return { members: one.members === 'none' ? other.members : one.members, items };
  }
  const members = new Map(one.members);
  for (const [name, known] of other.members) {
    const before = members.get(name);
    members.set(name, before === undefined ? known : merged(before, known));
  }
  return { members, items };
}

/** Returns one fault per unknown member, at any depth: `operations[3].colour`. */
export function findUnknownMembers(known: KnownMembers, value: unknown, path = ''): InputFault[] {
  const faults: InputFault[] = [];
  collectUnknown(known, value, path, faults);
  return faults;
}

function collectUnknown({ members, items }: KnownMembers, value: unknown, path: string, faults: InputFault[]): void {
  if (typeof value !== 'object' || value === null || faults.length >= maxFaults) return;
  if (Array.isArray(value)) {
    if (items === null || (typeof items.members === 'string' && items.items === null)) return;
    for (const [index, item] of value.entries()) {
      if (typeof item === 'object') collectUnknown(items, item, `${path}[${index}]`, faults);
    }
    return;
  }
  if (typeof members === 'string') return;
  for (const name of Object.keys(value)) {
    if (faults.length >= maxFaults) return;
    const known = members.get(name);
    const member = (value as Record<string, unknown>)[name];
    if (known === undefined) faults.push({ path: placeOf(path, name.slice(0, maxNameLength)), ...unknownMember });
    else if (typeof member === 'object') collectUnknown(known, member, placeOf(path, name), faults);
  }
}

function placeOf(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
