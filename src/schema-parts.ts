/** Parts that request schemas share, and rules that JSON Schema cannot express. */
import Type, { type Static, type TSchema, type TSchemaOptions } from 'typebox';
import type { InputFault } from './errors.ts';

/** The schema, or null. */
export const nullable = <Schema extends TSchema>(schema: Schema, options: TSchemaOptions = {}) =>
  Type.Union([schema, Type.Null()], options);

export const text = Type.String();
export const textOrNull = nullable(text);
export const count = Type.Integer();
export const time = Type.String({ format: 'date-time' });

/** An optional member. null means "not given", because typed clients send every member. */
export const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(nullable(schema));

/** Members that only replies set, by their names with commas between: a body may hold them, so that a reply can be sent back. */
export const readOnlyMembers = (names: string) =>
  Object.fromEntries(names.split(/,\s+/).map((name) => [name, Type.Optional(Type.Unknown())]));

/** One of the given texts. */
export const oneOf = <const Choice extends string>(choices: readonly Choice[], options: TSchemaOptions = {}) =>
  Type.Unsafe<Choice>(
    Type.Union(
      choices.map((choice) => Type.Literal(choice)),
      options,
    ),
  );

/** The type of what a schema shows. */
export type Shown<Schema extends TSchema> = Unchanging<Static<Schema>>;

type Unchanging<Value> = Value extends readonly (infer Item)[]
  ? readonly Unchanging<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: Unchanging<Value[Name]> }
    : Value;

/** Whether an optional member was given. */
export function isGiven<Value>(value: Value): value is NonNullable<Value> {
  return value !== undefined && value !== null;
}

type Rule<Schema extends TSchema> = (value: Static<Schema>) => InputFault | null;

/**
 * Adds rules to a schema. A rule returns the fault of a value, with a path inside the value, or null. If a body has
 * other faults, the validator still runs the rules of the whole body, so that the caller gets all faults at once: such
 * rules must not rely on the types of the members.
 */
export function withRule<Schema extends TSchema>(schema: Schema, ...rules: readonly Rule<Schema>[]): Schema {
  return Type.Refine<TSchema, Static<Schema>>(
    schema,
    (value) => rules.every((rule) => rule(value) === null),
    // TypeBox passes on a single text, so the faults travel as JSON.
    (value) => JSON.stringify(rules.map((rule) => rule(value)).filter((fault) => fault !== null)),
  ) as TSchema as Schema;
}
