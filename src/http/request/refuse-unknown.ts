/** Refuses unknown members and query parameters by name, also on routes without a schema for them. */
import type { FastifyRequest, preValidationHookHandler, RouteOptions } from 'fastify';
import Type from 'typebox';
import { findUnknownMembers, knownMembersOf } from '../../known-members.ts';
import { inputError } from './validate.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The input is meant for an upstream, so its query and body are not checked. */
    passesOn?: boolean;
  }
}

/** null if there is nothing to check. The validator covers parts that have a schema. */
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
