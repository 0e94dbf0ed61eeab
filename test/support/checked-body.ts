import type { Static, TSchema } from 'typebox';
import { compileValidator } from '../../src/http/request/validate.ts';

/** A body as the edge passes it to a route. Throws the edge's error if the schema refuses it. */
export function checkedBody<Schema extends TSchema>(schema: Schema, body: unknown): Static<Schema> {
  const validate = compileValidator({ schema, method: 'POST', url: '/', httpPart: 'body' });
  const result = validate(body) as { readonly value?: Static<Schema>; readonly error?: Error };
  if (result.error !== undefined) throw result.error;
  return result.value as Static<Schema>;
}
