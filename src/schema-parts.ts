/** What request schemas share: small parts, and rules for what JSON Schema cannot say. */
import Type, { type Static, type TSchema, type TSchemaOptions } from 'typebox';
import type { InputFault } from './errors.ts';

export const nullable = <Schema extends TSchema>(schema: Schema, options: TSchemaOptions = {}) =>
  Type.Union([schema, Type.Null()], options);

/** null is "not given": clients with typed requests write every member. */
export const optional = <Schema extends TSchema>(schema: Schema) => Type.Optional(nullable(schema));

export const oneOf = <const Choice extends string>(choices: readonly Choice[], options: TSchemaOptions = {}) =>
  Type.Unsafe<Choice>(
    Type.Union(
      choices.map((choice) => Type.Literal(choice)),
      options,
    ),
  );

export function isGiven<Value>(value: Value): value is NonNullable<Value> {
  return value !== undefined && value !== null;
}

type Rule<Schema extends TSchema> = (value: Static<Schema>) => InputFault | null;

/**
 * Adds rules to a schema: each returns the fault of a value that the schema takes, with a path inside of the value, or null.
 * The validator also asks the rules of a whole body when members of it are wrong, so that a caller learns of all faults at
 * once: such rules must not rely on the types of the members.
 */
export function withRule<Schema extends TSchema>(schema: Schema, ...rules: readonly Rule<Schema>[]): Schema {
  return Type.Refine<TSchema, Static<Schema>>(
    schema,
    (value) => rules.every((rule) => rule(value) === null),
    // TypeBox carries one text out of a rule.
    (value) => JSON.stringify(rules.map((rule) => rule(value)).filter((fault) => fault !== null)),
  ) as TSchema as Schema;
}
