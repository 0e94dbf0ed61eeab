/** Which members a schema knows, so that others are refused by name and never ignored. The schema stays the judge of their values. */
import type { InputFault } from './errors.ts';

export interface KnownMembers {
  /** `any`: all are known; `none`: no object is meant to stand there, which is for the schema to say. */
  readonly members: ReadonlyMap<string, KnownMembers> | 'any' | 'none';
  /** Of a list: what its items know. */
  readonly items: KnownMembers | null;
}

/** What is read of a JSON Schema here. */
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

/** Of a choice, each form's members are known. What only a text or a number may be has no members to look at. */
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

/** One fault for each member, at any depth, that is not known: `operations[3].colour`. */
export function findUnknownMembers(known: KnownMembers, value: unknown, path = ''): InputFault[] {
  const faults: InputFault[] = [];
  look(known, value, path, faults);
  return faults;
}

function look({ members, items }: KnownMembers, value: unknown, path: string, faults: InputFault[]): void {
  if (typeof value !== 'object' || value === null || faults.length >= maxFaults) return;
  if (Array.isArray(value)) {
    if (items === null || (typeof items.members === 'string' && items.items === null)) return;
    for (const [index, item] of value.entries()) {
      if (typeof item === 'object') look(items, item, `${path}[${index}]`, faults);
    }
    return;
  }
  if (typeof members === 'string') return;
  for (const name of Object.keys(value)) {
    if (faults.length >= maxFaults) return;
    const known = members.get(name);
    const member = (value as Record<string, unknown>)[name];
    if (known === undefined)
      faults.push({ path: placeOf(path, name.slice(0, maxNameLength)), message: 'is not known here' });
    else if (typeof member === 'object') look(known, member, placeOf(path, name), faults);
  }
}

function placeOf(path: string, name: string): string {
  return path === '' ? name : `${path}.${name}`;
}
