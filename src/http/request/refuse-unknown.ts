/** Members and query parameters that a route does not know are refused by name, also where it has no schema to check them. */
import type { FastifyRequest, preValidationHookHandler, RouteOptions } from 'fastify';
import Type from 'typebox';
import { findUnknownMembers, knownMembersOf } from '../../known-members.ts';
import { inputError } from './validate.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** What comes in belongs to an upstream: neither its query nor its body is ours to know. */
    passesOn?: boolean;
  }
}

/** null where there is nothing to look at. Parts with a schema of their own are the validator's. */
export function refuseUnknown({
  config,
  schema,
}: Pick<RouteOptions, 'config' | 'schema'>): preValidationHookHandler | null {
  if (config?.passesOn === true) return null;
  const nothing = Type.Object({});
  const query = schema?.querystring === undefined ? knownMembersOf(nothing) : null;
  const body = schema?.body === undefined ? knownMembersOf((config?.showsBody as object | undefined) ?? nothing) : null;
  if (query === null && body === null) return null;
  return (request: FastifyRequest, _reply, done) => {
    const faults = [
      ...(query === null ? [] : findUnknownMembers(query, request.query)),
      ...(body === null ? [] : findUnknownMembers(body, request.body)),
    ];
    done(faults.length === 0 ? undefined : inputError(faults));
  };
}
