/** Plans an import: compares each service of the file with the stored one of that name. */
import { isDeepStrictEqual } from 'node:util';
import type { Emulates } from '../../config/emulation.ts';
import { draftOfRow, type ServiceDraft } from '../../directory/manage-services.ts';
import { secretMask, withSecretTexts } from '../../directory/secret-texts.ts';
import { ServiceError } from '../../errors.ts';
import { compileValidator } from '../../http/request/validate.ts';
import { draftOfBody } from '../../http/routes/services/services-input.ts';
import { type ServiceBody, serviceBodySchema } from '../../http/routes/services/services-schemas.ts';
import type { ExternalServiceRow } from '../../storage/tables/external-services.ts';
import { CommandFailed } from '../command.ts';
import { describeFault, type ServiceEntry, type ServicesDocument } from './document.ts';
import { openStored, type SecretDeps, withoutKnownSecrets, withSecrets } from './import-secrets.ts';

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

export interface PlanDeps extends SecretDeps {
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
  const { fallback = null, ...members } = entry;
  const name = entry.service_name;
  if (fallback !== null && typeof fallback !== 'string')
    throw new CommandFailed(`${name}: fallback must be a service's name or null`);
  if (fallback !== null && !names.has(fallback))
    throw new CommandFailed(`${name}: fallback "${fallback}" is no service here`);
  if ('fallback_service_id' in members)
    throw new CommandFailed(`${name}: name the fallback with "fallback", by its service_name`);
  const stored = openStored(deps.keyring, current);
  const given = withSecrets(deps, members, stored);
  const result = validate(given) as { value?: ServiceBody; error?: Error };
  if (result.error !== undefined) throw result.error;
  const whole = draftOfBody(given as unknown as ServiceBody, current, deps.emulates);
  const draft = {
    ...withoutKnownSecrets(current, whole, stored),
    fallback_service_id: current?.fallback_service_id ?? null,
  };
  if (current === null) return { action: 'create', name, draft, fallback };
  const changes = changesOf(current, draft, nameById, fallback);
  return changes.length === 0 ? null : { action: 'change', name, current, draft, fallback, changes };
}

const shownMembers = [
  'service_type',
  'display_name',
  'base_url',
  'config',
  'is_active',
  'priority',
  'rate_limit_per_minute',
  'rate_limit_per_hour',
  'rate_limit_per_day',
  'rate_limit_per_month',
  'description',
  'tags',
] as const satisfies readonly (keyof ServiceDraft)[];

function changesOf(
  current: ExternalServiceRow,
  draft: ServiceDraft,
  nameById: ReadonlyMap<string, string>,
  fallback: string | null,
): PlannedChange[] {
  const before = draftOfRow(current);
  const shown = {
    ...draft,
    config: withSecretTexts(draft.config, (_name, text) => (text === secretMask ? text : '(set anew)')),
  };
  const changes: PlannedChange[] = shownMembers.flatMap((member) =>
    isDeepStrictEqual(before[member], draft[member]) ? [] : [{ member, before: before[member], after: shown[member] }],
  );
  const currentFallback =
    current.fallback_service_id === null ? null : (nameById.get(current.fallback_service_id) ?? null);
  if (currentFallback !== fallback) changes.push({ member: 'fallback', before: currentFallback, after: fallback });
  for (const [member, value, had] of [
    ['api_key', draft.api_key, current.api_key],
    ['credentials', draft.credentials, current.credentials],
  ] as const) {
    if (value === undefined) continue;
    changes.push({ member, before: had === null ? null : '(set)', after: value === null ? null : '(set anew)' });
  }
  return changes;
}
