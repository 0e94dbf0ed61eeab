/**
 * The allowed members of a service's `config`: a member that neither this file nor the adapter lists is refused by
 * name.
 */
import Type, { type TSchema } from 'typebox';
import type { InputFault } from '../errors.ts';
import { findUnknownMembers, type KnownMembers, knownMembersOf } from '../known-members.ts';
import type { Adapter } from '../providers/provider.ts';
import { findAdapter } from '../providers/registry.ts';

/** Members that every service has. */
const commonMembers: Readonly<Record<string, TSchema>> = {
  adapter: Type.String(),
  cost_per_request: Type.Union([Type.Number(), Type.Record(Type.String(), Type.Number())]),
  timeout_seconds: Type.Number(),
  max_retries: Type.Integer(),
  breaker: Type.Object({ failures_in_a_row: Type.Integer(), open_seconds: Type.Number() }),
  shadow_share: Type.Number(),
  regions: Type.Array(
    Type.Object({
      country: Type.Optional(Type.String()),
      bounds: Type.Optional(
        Type.Object({ south: Type.Number(), west: Type.Number(), north: Type.Number(), east: Type.Number() }),
      ),
      priority: Type.Optional(Type.Integer()),
    }),
  ),
  // Written by this program, and ignored if a body sends them back.
  environment: Type.Unknown(),
  emulated: Type.Unknown(),
};

const knownByAdapter = new Map<string, KnownMembers>();

function knownFor({ name, configMembers }: Adapter): KnownMembers {
  const known = knownByAdapter.get(name) ?? knownMembersOf(Type.Object({ ...commonMembers, ...configMembers }));
  knownByAdapter.set(name, known);
  return known;
}

/** `given`: the `config` of a body, not the stored one. */
export function faultsOfGivenConfig(adapterName: string, given: unknown): readonly InputFault[] {
  const adapter = findAdapter(adapterName);
  // Another check reports the unknown adapter.
  return adapter === null ? [] : findUnknownMembers(knownFor(adapter), given, 'config');
}
