/** Applies the further targets of a draft: validates and seals them, and keeps the existing ones. */
import { randomUUID } from 'node:crypto';
import { masked } from '../../audit/mask.ts';
import { invalidInput } from '../../errors.ts';
import type { TenantId } from '../../ids.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { Queryable } from '../../storage/postgres/database.ts';
import { cancelDeliveries } from '../../storage/tables/webhooks/webhook-deliveries.ts';
import {
  deleteTarget,
  resumeTargets,
  saveTarget,
  type WebhookTargetRow,
} from '../../storage/tables/webhooks/webhook-targets.ts';
import type { TargetDraft } from './target-draft.ts';
import {
  type FurtherColumn,
  furtherBindingOf,
  hostOf,
  makeStandardSecret,
  readTargetHeaders,
  writeTargetHeaders,
} from './webhook-secrets.ts';

export interface TargetOwner {
  readonly tenantId: TenantId;
  readonly webhookId: string;
}

/**
 * Makes the targets equal to the draft, and returns the generated secrets, by target. A target named by its id, or by
 * its previous address, is kept with what waits for it and with its secret; at another host it gets a new secret. Throws
 * `INVALID_REQUEST`.
 */
export async function syncTargets(
  tx: Queryable,
  keyring: Pick<Keyring, 'seal' | 'open'>,
  { tenantId, webhookId }: TargetOwner,
  current: readonly WebhookTargetRow[],
  drafts: readonly TargetDraft[],
): Promise<ReadonlyMap<string, string>> {
  const left = new Map(current.map((target) => [target.id, target]));
  const made = new Map<string, string>();
  for (const [position, draft] of drafts.entries()) {
    const named = takeNamed(left, draft);
    const kept = named !== null && hostOf(named.url) === hostOf(draft.url) ? named : null;
    const id = named?.id ?? randomUUID();
    const seal = (plain: string, column: FurtherColumn): string =>
      keyring.seal(plain, furtherBindingOf({ id, management_company_id: tenantId }, column));
    if (kept === null) made.set(id, makeStandardSecret());
    const path = `targets[${position}].headers`;
    if (named?.headers && kept === null && draft.headers === undefined) throw invalidInput(path, ...sendAgain);
    // As for `target_url`: another address, or a pause that is ended by name, switches it on.
    const isNamedOn = draft.paused === false && named?.off_at !== null;
    if (named !== null && (named.url !== draft.url || isNamedOn)) await resumeTargets(tx, tenantId, webhookId, id);
    await saveTarget(tx, tenantId, webhookId, {
      ...draft,
      id,
      position,
      paused: draft.paused ?? false,
      secret: kept?.secret ?? seal(made.get(id) as string, 'secret'),
      previous_secret: kept?.previous_secret ?? null,
      previous_secret_until: kept?.previous_secret_until ?? null,
      headers: headersOf(keyring, seal, kept, draft, path),
    });
  }
  for (const id of left.keys()) {
    await deleteTarget(tx, tenantId, id);
    await cancelDeliveries(tx, tenantId, id);
  }
  return made;
}

const sendAgain = [
  'must be sent again: it was given for another host',
  'введите заново: это было дано для другого хоста',
] as const;

function takeNamed(left: Map<string, WebhookTargetRow>, draft: TargetDraft): WebhookTargetRow | null {
  const found = [...left.values()].find(({ id, url }) =>
    draft.id === undefined ? url === draft.url : id === draft.id,
  );
  if (found === undefined) return null;
  left.delete(found.id);
  return found;
}

function headersOf(
  keyring: Pick<Keyring, 'open'>,
  seal: (plain: string, column: FurtherColumn) => string,
  kept: WebhookTargetRow | null,
  draft: TargetDraft,
  path: string,
): string | null {
  if (draft.headers === undefined) return kept?.headers ?? null;
  const before = kept === null ? {} : openFurtherHeaders(keyring, kept);
  const headers = Object.entries(draft.headers).map(([given, value]) => {
    const name = given.toLowerCase();
    if (value !== masked) return [name, value] as const;
    if (before[name] === undefined) throw invalidInput(`${path}.${name}`, ...sendAgain);
    return [name, before[name]] as const;
  });
  return headers.length === 0 ? null : seal(writeTargetHeaders(Object.fromEntries(headers), draft.url), 'headers');
}

function openFurtherHeaders(keyring: Pick<Keyring, 'open'>, row: WebhookTargetRow): Readonly<Record<string, string>> {
  if (row.headers === null) return {};
  return readTargetHeaders(keyring.open(row.headers, furtherBindingOf(row, 'headers')), row.url);
}

/** As an admin sees it: without secrets, with masked header values. */
export function presentTarget(keyring: Pick<Keyring, 'open'>, row: WebhookTargetRow) {
  const headers = Object.keys(openFurtherHeaders(keyring, row)).map((name) => [name, masked]);
  const time = (text: string | null): string | null => (text === null ? null : new Date(text).toISOString());
  return {
    id: row.id,
    url: row.url,
    event_types: row.event_types,
    conditions: row.conditions,
    headers: Object.fromEntries(headers) as Record<string, string>,
    timeout_seconds: row.timeout_seconds,
    max_attempts: row.max_attempts,
    ordered: row.ordered,
    paused: row.paused || row.off_at !== null,
    off_at: time(row.off_at),
    off_reason: row.off_reason,
    previous_secret_until: time(row.previous_secret_until),
  };
}
