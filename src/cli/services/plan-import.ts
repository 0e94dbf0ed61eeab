/** Plans an import: compares each service of the file with the stored one of that name. */
import { isDeepStrictEqual } from 'node:util';
import type { Emulates } from '../../config/emulation.ts';
import { draftOfRow, type ServiceDraft } from '../../directory/manage-services.ts';
import { openToCompare } from '../../directory/service-row.ts';
import { ServiceError } from '../../errors.ts';
import { compileValidator } from '../../http/request/validate.ts';
import { draftOfBody } from '../../http/routes/services/services-input.ts';
import { type ServiceBody, serviceBodySchema } from '../../http/routes/services/services-schemas.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { ExternalServiceRow } from '../../storage/tables/external-services.ts';
import { CommandFailed } from '../command.ts';
import { describeFault, type ServiceEntry, type ServicesDocument } from './document.ts';

export interface PlannedChange {
  readonly member: string;
  /** As the API shows it: secrets only say whether they are set. */
  readonly before: unknown;
  readonly after: unknown;
}

export type PlannedStep =
  | { readonly action: 'create'; readonly name: string; readonly draft: ServiceDraft; readonly fallback: string | null }
  | {
      readonly action: 'change';
      readonly name: string;
      readonly current: ExternalServiceRow;
      readonly draft: ServiceDraft;
      readonly fallback: string | null;
      readonly changes: readonly PlannedChange[];
    }
  | { readonly action: 'delete'; readonly name: string; readonly current: ExternalServiceRow };

export interface ImportPlan {
  readonly steps: readonly PlannedStep[];
  readonly unchanged: number;
  /** Stored but missing in the file, and kept because the file does not claim to be complete. */
  readonly left: readonly string[];
}

export interface PlanDeps {
  readonly keyring: Keyring;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly emulates: Emulates;
}

const validate = compileValidator({ schema: serviceBodySchema, httpPart: 'body', method: 'POST', url: '/services' });

/** Throws `CommandFailed` with a line for every fault of the file. */
export function planImport(
  deps: PlanDeps,
  document: ServicesDocument,
  rows: readonly ExternalServiceRow[],
): ImportPlan {
  const byName = new Map(rows.map((row) => [row.service_name, row]));
  const nameById = new Map(rows.map((row) => [row.id as string, row.service_name]));
  const kept = document.isComplete ? [] : rows.map(({ service_name }) => service_name);
  const names = new Set([...document.entries.map(({ service_name }) => service_name), ...kept]);
  const faults: string[] = [];
  const steps: PlannedStep[] = [];
  let unchanged = 0;
  for (const entry of document.entries) {
    try {
      const current = byName.get(entry.service_name) ?? null;
      const step = planEntry(deps, entry, current, names, nameById);
      if (step === null) unchanged += 1;
      else steps.push(step);
    } catch (error) {
      if (error instanceof ServiceError) faults.push(describeFault(entry.service_name, error));
      else if (error instanceof CommandFailed) faults.push(error.message);
      else throw error;
    }
  }
  if (faults.length > 0)
    throw new CommandFailed(`the file is at fault, and nothing was changed:\n  ${faults.join('\n  ')}`);
  const inFile = new Set(document.entries.map(({ service_name }) => service_name));
  const missing = rows.filter(({ service_name }) => !inFile.has(service_name));
  if (document.isComplete) {
    for (const current of missing) steps.push({ action: 'delete', name: current.service_name, current });
  }
  return { steps, unchanged, left: document.isComplete ? [] : missing.map(({ service_name }) => service_name) };
}

function planEntry(
  deps: PlanDeps,
  entry: ServiceEntry,
  current: ExternalServiceRow | null,
  names: ReadonlySet<string>,
  nameById: ReadonlyMap<string, string>,
): PlannedStep | null {
  const { fallback = null, api_key: apiKey, credentials, ...body } = entry;
  const name = entry.service_name;
  if (fallback !== null && typeof fallback !== 'string')
    throw new CommandFailed(`${name}: fallback must be a service's name or null`);
  if (fallback !== null && !names.has(fallback))
    throw new CommandFailed(`${name}: fallback "${fallback}" is no service here`);
  if ('fallback_service_id' in body)
    throw new CommandFailed(`${name}: name the fallback with "fallback", by its service_name`);
  const given = {
    ...body,
    ...secretOf(deps, name, 'api_key', apiKey, current?.api_key ?? null),
    ...secretOf(deps, name, 'credentials', credentials, current?.credentials ?? null),
  };
  const result = validate(given) as { value?: ServiceBody; error?: Error };
  if (result.error !== undefined) throw result.error;
  const whole = draftOfBody(given as unknown as ServiceBody, current, deps.emulates);
  const draft = {
    ...withoutKnownSecrets(deps.keyring, current, whole),
    fallbackServiceId: current?.fallback_service_id ?? null,
  };
  if (current === null) return { action: 'create', name, draft, fallback };
  const changes = changesOf(current, draft, nameById, fallback);
  return changes.length === 0 ? null : { action: 'change', name, current, draft, fallback, changes };
}

/** Resolves `env:NAME` to the secret; nothing if the variable is not set and the service already has a secret. */
function secretOf(
  { env }: PlanDeps,
  name: string,
  member: 'api_key' | 'credentials',
  value: unknown,
  kept: unknown,
): Record<string, unknown> {
  if (value === undefined || value === null) return kept === null ? {} : { [member]: null };
  const variable = typeof value === 'string' ? /^env:([A-Za-z_][A-Za-z0-9_]*)$/.exec(value)?.[1] : undefined;
  if (variable === undefined)
    throw new CommandFailed(`${name}: ${member} must be env:NAME, the name of an environment variable`);
  const secret = env[variable];
  if (secret !== undefined && secret !== '') return { [member]: secret };
  if (kept !== null) return {};
  throw new CommandFailed(`${name}: ${member} wants the environment variable ${variable}, which is not set`);
}

/** A secret equal to the stored one is not a change. */
function withoutKnownSecrets(keyring: Keyring, current: ExternalServiceRow | null, draft: ServiceDraft): ServiceDraft {
  if (current === null) return draft;
  const { apiKey, credentials, ...rest } = draft;
  const plainOf = (sealed: Pick<ExternalServiceRow, 'api_key' | 'credentials'>) =>
    openToCompare(keyring, current, sealed)[0];
  const isSameKey =
    typeof apiKey === 'string' &&
    current.api_key !== null &&
    plainOf({ api_key: current.api_key, credentials: null }) === apiKey;
  const isSameCredentials =
    credentials !== undefined &&
    credentials !== null &&
    current.credentials !== null &&
    isDeepStrictEqual(JSON.parse(plainOf({ api_key: null, credentials: current.credentials }) ?? 'null'), credentials);
  return {
    ...rest,
    ...(isSameKey || apiKey === undefined ? {} : { apiKey }),
    ...(isSameCredentials || credentials === undefined ? {} : { credentials }),
  };
}

const shownMembers = [
  ['service_type', 'serviceType'],
  ['display_name', 'displayName'],
  ['base_url', 'baseUrl'],
  ['config', 'config'],
  ['is_active', 'isActive'],
  ['priority', 'priority'],
  ['rate_limit_per_minute', 'rateLimitPerMinute'],
  ['rate_limit_per_hour', 'rateLimitPerHour'],
  ['rate_limit_per_day', 'rateLimitPerDay'],
  ['rate_limit_per_month', 'rateLimitPerMonth'],
  ['description', 'description'],
  ['tags', 'tags'],
] as const satisfies readonly (readonly [string, keyof ServiceDraft])[];

function changesOf(
  current: ExternalServiceRow,
  draft: ServiceDraft,
  nameById: ReadonlyMap<string, string>,
  fallback: string | null,
): PlannedChange[] {
  const before = draftOfRow(current);
  const changes: PlannedChange[] = shownMembers.flatMap(([member, key]) =>
    isDeepStrictEqual(before[key], draft[key]) ? [] : [{ member, before: before[key], after: draft[key] }],
  );
  const currentFallback =
    current.fallback_service_id === null ? null : (nameById.get(current.fallback_service_id) ?? null);
  if (currentFallback !== fallback) changes.push({ member: 'fallback', before: currentFallback, after: fallback });
  for (const [member, value, had] of [
    ['api_key', draft.apiKey, current.api_key],
    ['credentials', draft.credentials, current.credentials],
  ] as const) {
    if (value === undefined) continue;
    changes.push({ member, before: had === null ? null : '(set)', after: value === null ? null : '(set anew)' });
  }
  return changes;
}
