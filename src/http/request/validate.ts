/**
 * Validates all input by TypeBox schemas. Bodies are never coerced; query and path texts become numbers and booleans.
 */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile, type Validator } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { isObject } from '../../encodings/tolerant.ts';
import { type InputFault, ServiceError, type Words, words } from '../../errors.ts';
import { findUnknownMembers, knownMembersOf, unknownMember } from '../../known-members.ts';
import { type Described, phraseOf, phraseRuOf } from './schema-phrase.ts';

/** More faults help no reader, and an array of 50,000 wrong cells must not make a reply of megabytes. */
const maxFaults = 20;
const isDecimal = /^-?\d+(?:\.\d+)?$/;
/**
 * The validator's own limit of errors. It reports a wrong value once per branch of a union before the union itself:
 * with the default of eight, one such member hid the union's error and every fault after it.
 */
Settings.Set({ maxErrors: maxFaults * 25 });

interface ValidationFault {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly params: object;
}

/** What `withRule` stores in a schema. */
type RuledSchema = TSchema & {
  readonly '~refine'?: readonly { check(value: unknown): boolean; error(value: unknown): string }[];
};

/**
 * For Fastify's `setValidatorCompiler`. The error is a `ServiceError` that names each place. A schema is compiled at
 * its first use: there are hundreds, and most are not needed soon.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let compiled: ReturnType<typeof compile> | null = null;
  return (value) => {
    compiled ??= compile(schema);
    const { validator, known } = compiled;
    const candidate = httpPart === 'body' ? value : fromTexts(schema, value as Texts);
    const unknown = findUnknownMembers(known, candidate);
    if (unknown.length === 0 && validator.Check(candidate)) return { value: candidate };
    const faults = new Map<string, InputFault>();
    for (const fault of [...faultsOf(schema, validator, candidate, httpPart ?? 'body'), ...unknown]) {
      if (!faults.has(fault.path)) faults.set(fault.path, fault);
    }
    for (const fault of brokenRules(schema, candidate)) {
      if (!faults.has(fault.path)) faults.set(fault.path, fault);
    }
    return { error: inputError([...faults.values()]) };
  };
};

function compile(schema: TSchema) {
  return { validator: Compile(schema), known: knownMembersOf(schema) };
}

type Texts = Readonly<Record<string, unknown>>;

/**
 * Converts query and path texts to the types of their schema. TypeBox alone would also cut `1.5` to 1 and read `true`
 * as 1, `0x10` as 16 and an empty text as 0: such texts stay texts, and validation refuses them.
 */
function fromTexts(schema: TSchema, texts: Texts): unknown {
  const given = { ...texts }; // The conversion changes its input.
  const converted = Value.Convert(schema, texts) as Texts;
  const isMisread = (name: string, member: unknown): boolean => {
    const text = given[name];
    return typeof member === 'number' && typeof text === 'string' && !(isDecimal.test(text) && Number(text) === member);
  };
  return Object.fromEntries(
    Object.entries(converted).map(([name, member]) => [name, isMisread(name, member) ? given[name] : member]),
  );
}

/** One INVALID_REQUEST for all faults. */
export function inputError(faults: readonly InputFault[]): ServiceError {
  const shown = faults.slice(0, maxFaults);
  const inRussian = shown.every(({ message_ru }) => message_ru !== undefined);
  return new ServiceError(
    'INVALID_REQUEST',
    joined(shown, ({ message }) => message),
    {
      errors: shown,
      ...(inRussian && { publicMessageRu: joined(shown, ({ message_ru = '' }) => message_ru) }),
    },
  );
}

function joined(faults: readonly InputFault[], wordsOf: (fault: InputFault) => string): string {
  const detail = faults.map((fault) => `${fault.path}: ${wordsOf(fault)}`).join('; ');
  return detail.length > 500 ? `${detail.slice(0, 499)}…` : detail;
}

/**
 * Checks the rules of the whole body, even if its members are wrong: the validator skips the rules of a schema with
 * wrong members.
 */
function brokenRules(schema: RuledSchema, candidate: unknown): InputFault[] {
  if (!isObject(candidate)) return [];
  return (schema['~refine'] ?? [])
    .filter(({ check }) => !check(candidate))
    .flatMap(({ error }) => JSON.parse(error(candidate)) as InputFault[]);
}

/**
 * Finding faults takes a hundred times as long as the check, so of a longer array only the items that fail the check
 * are examined.
 */
const longArray = 50;
const itemValidators = new WeakMap<object, Validator>();

function faultsOf(schema: Described, validator: Validator, candidate: unknown, httpPart: string): InputFault[] {
  const faults: InputFault[] = [];
  const shortened: Record<string, unknown> = {};
  const indexes = new Map<string, readonly number[]>();
  for (const [name, member] of Object.entries(isObject(candidate) ? candidate : {})) {
    const array = arrayIn(schema.properties?.[name]);
    if (array?.items === undefined || !Array.isArray(member) || member.length <= longArray) continue;
    if (member.length > (array.maxItems ?? member.length)) faults.push({ path: name, ...wordsOf(array) });
    const kept = wrongItems(array.items, member.slice(0, array.maxItems));
    if (kept.length === 0) kept.push(0); // An array may be required to hold one item.
    indexes.set(name, kept);
    shortened[name] = kept.map((index) => member[index]);
  }
  const errors = validator.Errors(indexes.size === 0 ? candidate : { ...(candidate as object), ...shortened });
  const placed = errors.map((error) => {
    const [, name = '', index] = error.instancePath.split('/');
    const place = index === undefined ? undefined : indexes.get(name)?.[Number(index)];
    if (place === undefined) return error;
    const rest = error.instancePath.slice(`/${name}/${index}`.length);
    return { ...error, instancePath: `/${name}/${place}${rest}` };
  });
  return [...faults, ...toFaults(schema, placed, httpPart)];
}

function arrayIn(schema: Described | undefined): Described | undefined {
  return schema?.type === 'array' ? schema : schema?.anyOf?.find(({ type }) => type === 'array');
}

function wrongItems(items: Described, values: readonly unknown[]): number[] {
  const validator = itemValidators.get(items) ?? Compile(items as TSchema);
  itemValidators.set(items, validator);
  const wrong: number[] = [];
  for (const [index, value] of values.entries()) {
    if (!validator.Check(value)) wrong.push(index);
    if (wrong.length === maxFaults) break;
  }
  return wrong;
}

function toFaults(schema: Described, errors: readonly ValidationFault[], httpPart: string): InputFault[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf');
  const isOfUnion = ({ instancePath, schemaPath }: ValidationFault): boolean =>
    unions.some((union) => union.instancePath === instancePath && isBranch(union, schemaPath));
  // Reports an unknown member once, by name. Reports the branches of a union as one choice, or, if the value is of one
  // branch's type, as the faults of that branch.
  return errors
    .filter((error) => {
      if (error.keyword === 'boolean') return false;
      return error.keyword === 'anyOf' ? !hasNearBranch(error, errors) : !isOfUnion(error) || isFinding(error);
    })
    .slice(0, maxFaults * 2)
    .flatMap((error) => describe(schema, error, httpPart));
}

function isBranch(union: ValidationFault, schemaPath: string): boolean {
  return schemaPath.startsWith(`${union.schemaPath}/anyOf/`);
}

/** A fault within the type, as opposed to a wrong type. */
function isFinding({ keyword }: ValidationFault): boolean {
  return keyword !== 'type' && keyword !== 'const' && keyword !== 'boolean' && keyword !== 'anyOf';
}

/**
 * Whether a branch accepts values of this type and only refuses this one or something inside it: `''` for a text or
 * null, for example.
 */
function hasNearBranch(union: ValidationFault, all: readonly ValidationFault[]): boolean {
  return all.some(
    (error) =>
      isBranch(union, error.schemaPath) &&
      (error.instancePath === union.instancePath
        ? isFinding(error)
        : error.instancePath.startsWith(`${union.instancePath}/`)),
  );
}

function describe(schema: Described, error: ValidationFault, httpPart: string): InputFault[] {
  const place = pathOf(error.instancePath);
  const member = (name: string): string => [place, name].filter((part) => part !== '').join('.');
  const { requiredProperties = [], additionalProperties = [], message = '' } = error.params as FaultParams;
  switch (error.keyword) {
    case 'required':
      return requiredProperties.map((name) => ({ path: member(name), ...words('is required', 'обязательно') }));
    case 'additionalProperties':
      return additionalProperties.map((name) => ({ path: member(name.slice(0, 100)), ...unknownMember }));
    case '~refine':
      return (JSON.parse(message) as InputFault[]).map((fault) => ({ ...fault, path: member(fault.path) || httpPart }));
    default:
      return [{ path: place === '' ? httpPart : place, ...wordsOf(schemaAt(schema, error.schemaPath)) }];
  }
}

function wordsOf(schema: Described): Words {
  const own = [schema, ...(schema.anyOf ?? [])].find(({ errorMessage }) => errorMessage !== undefined);
  if (own?.errorMessage === undefined) return words(`must be ${phraseOf(schema)}`, `ожидается ${phraseRuOf(schema)}`);
  const { errorMessage: message, errorMessageRu } = own;
  return errorMessageRu === undefined ? { message } : words(message, errorMessageRu);
}

interface FaultParams {
  readonly requiredProperties?: readonly string[];
  readonly additionalProperties?: readonly string[];
  readonly message?: string;
}

/** For example `#/properties/limit/anyOf/0`. */
function schemaAt(schema: Described, schemaPath: string): Described {
  const steps = schemaPath.split('/').slice(1).map(unescapePointer);
  return steps.reduce<Described>((at, step) => (at as Readonly<Record<string, Described>>)[step] ?? {}, schema);
}

/** `/values/3/0` as `values[3][0]`. */
function pathOf(instancePath: string): string {
  return instancePath
    .split('/')
    .slice(1)
    .map(unescapePointer)
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}

function unescapePointer(part: string): string {
  return part.replaceAll('~1', '/').replaceAll('~0', '~');
}
