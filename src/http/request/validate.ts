/** TypeBox schemas as the one check of what comes in. Bodies are never coerced; query and path texts become numbers and booleans. */
import type { FastifySchemaCompiler } from 'fastify';
import type { TSchema } from 'typebox';
import { Compile } from 'typebox/compile';
import { Settings } from 'typebox/system';
import { Value } from 'typebox/value';
import { type InputFault, ServiceError } from '../../errors.ts';
import { findUnknownMembers, knownMembersOf } from '../../known-members.ts';

/** More faults than this help nobody, and an array of 50,000 wrong cells must not make a reply of megabytes. */
const maxFaults = 20;
const isDecimal = /^-?\d+(?:\.\d+)?$/;
/**
 * What the validator itself may note. A wrong choice is noted once for each alternative, before it is said that there is a
 * choice: with its default of eight, one such member hid that, and every fault behind it.
 */
Settings.Set({ maxErrors: maxFaults * 25 });

interface ValidationFault {
  readonly keyword: string;
  readonly schemaPath: string;
  readonly instancePath: string;
  readonly message?: string;
  readonly params: object;
}

/**
 * For Fastify's `setValidatorCompiler`. The error is a `ServiceError` that names each place. A schema is compiled when its first
 * value comes: a start has hundreds of them, and most are not asked for soon.
 */
export const compileValidator: FastifySchemaCompiler<TSchema> = ({ schema, httpPart }) => {
  let compiled: ReturnType<typeof compile> | null = null;
  return (value) => {
    compiled ??= compile(schema);
    const { validator, known } = compiled;
    const candidate = httpPart === 'body' ? value : fromTexts(schema, value as Texts);
    const unknown = findUnknownMembers(known, candidate);
    if (unknown.length === 0 && validator.Check(candidate)) return { value: candidate };
    const faults = toFaults(validator.Errors(candidate), httpPart ?? 'body');
    return {
      error: inputError([...faults, ...unknown.filter(({ path }) => !faults.some((one) => one.path === path))]),
    };
  };
};

function compile(schema: TSchema) {
  return { validator: Compile(schema), known: knownMembersOf(schema) };
}

type Texts = Readonly<Record<string, unknown>>;

/**
 * What a query or a path says, in the types that its schema names. TypeBox alone would also cut `1.5` to 1, take `true` for
 * 1, `0x10` for 16 and an empty text for 0: such a text stays one, and is refused as no number.
 */
function fromTexts(schema: TSchema, texts: Texts): unknown {
  const given = { ...texts }; // The conversion is made in place.
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
  const detail = shown.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return new ServiceError('INVALID_REQUEST', detail.length > 500 ? `${detail.slice(0, 499)}…` : detail, {
    errors: shown,
  });
}

function toFaults(errors: readonly ValidationFault[], httpPart: string): InputFault[] {
  const unions = errors.filter(({ keyword }) => keyword === 'anyOf');
  const isOfUnion = ({ instancePath, schemaPath }: ValidationFault): boolean =>
    unions.some((union) => union.instancePath === instancePath && isBranch(union, schemaPath));
  const faults = new Map<string, InputFault>();
  for (const error of errors) {
    // A member that no schema allows is reported once, by name; the branches of a union as one choice, or, where the value
    // is of a branch's kind, as what that branch finds in it.
    if (error.keyword === 'boolean') continue;
    if (error.keyword === 'anyOf' ? hasNearBranch(error, errors) : isOfUnion(error) && !isFinding(error)) continue;
    for (const fault of describe(error, errors, httpPart)) {
      if (!faults.has(fault.path)) faults.set(fault.path, fault);
    }
    if (faults.size >= maxFaults) break;
  }
  return [...faults.values()];
}

function isBranch(union: ValidationFault, schemaPath: string): boolean {
  return schemaPath.startsWith(`${union.schemaPath}/anyOf/`);
}

/** Not that the value is of another kind, but what is wrong with one of this kind. */
function isFinding({ keyword }: ValidationFault): boolean {
  return keyword !== 'type' && keyword !== 'const' && keyword !== 'boolean' && keyword !== 'anyOf';
}

/** Whether a branch takes values of this kind, and only finds fault with this one: `''` where a text or null may stand. */
function hasNearBranch(union: ValidationFault, all: readonly ValidationFault[]): boolean {
  return all.some((error) => isBranch(union, error.schemaPath) && isFinding(error));
}

function describe(error: ValidationFault, all: readonly ValidationFault[], httpPart: string): InputFault[] {
  const place = pathOf(error.instancePath);
  const params = error.params as {
    requiredProperties?: string[];
    additionalProperties?: string[];
    allowedValue?: unknown;
  };
  const member = (name: string): string => (place === '' ? name : `${place}.${name}`);
  if (error.keyword === 'required') {
    return (params.requiredProperties ?? []).map((name) => ({ path: member(name), message: 'is required' }));
  }
  if (error.keyword === 'additionalProperties') {
    return (params.additionalProperties ?? []).map((name) => ({
      path: member(name.slice(0, 100)),
      message: 'is not known here',
    }));
  }
  return [{ path: place === '' ? httpPart : place, message: messageOf(error, all) }];
}

function messageOf(error: ValidationFault, all: readonly ValidationFault[]): string {
  const { limit } = error.params as { limit?: number };
  switch (error.keyword) {
    case 'anyOf': {
      const choices = all.flatMap(({ keyword, instancePath, params }) =>
        keyword === 'const' && instancePath === error.instancePath && 'allowedValue' in params
          ? [String(params.allowedValue)]
          : [],
      );
      const types = all.flatMap(({ keyword, instancePath, params }) =>
        keyword === 'type' && instancePath === error.instancePath && 'type' in params ? [String(params.type)] : [],
      );
      if (choices.length > 0) return `must be one of ${choices.join(', ')}`;
      return types.length > 0 ? `must be ${[...new Set(types)].join(' or ')}` : 'has none of the allowed forms';
    }
    case 'minLength':
      return `must be at least ${limit} characters`;
    case 'maxLength':
      return `must be at most ${limit} characters`;
    case 'minItems':
      return `must have at least ${limit} items`;
    case 'maxItems':
      return `must have at most ${limit} items`;
    default:
      return error.message ?? 'is not valid';
  }
}

/** `/values/3/0` as `values[3][0]`. */
function pathOf(instancePath: string): string {
  return instancePath
    .split('/')
    .slice(1)
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .map((part, index) => (/^\d+$/.test(part) ? `[${part}]` : index === 0 ? part : `.${part}`))
    .join('');
}
