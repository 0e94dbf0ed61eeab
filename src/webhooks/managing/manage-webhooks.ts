/** Creates, changes, rotates and deletes webhooks: the row, its sealed secrets and its history in one transaction. */

import { invalidInput, ServiceError } from '../../errors.ts';
import { newId, type TenantId } from '../../ids.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { Database, Queryable } from '../../storage/postgres/database.ts';
import { type ChangeContext, insertConfigurationChange } from '../../storage/tables/audit/configuration-audit.ts';
import { keepService } from '../../storage/tables/external-services.ts';
import {
  deleteWebhook,
  findWebhook,
  insertWebhook,
  lockWebhook,
  switchTargetOn,
  updateWebhook,
  type WebhookConfigRow,
  type WebhookConfigValues,
} from '../../storage/tables/webhooks/webhook-configs.ts';
import { cancelDeliveries } from '../../storage/tables/webhooks/webhook-deliveries.ts';
import type { SignatureScheme } from '../receiving/verify-signature.ts';
import { checkSecret } from './check-secret.ts';
import { syncTargets } from './further-targets.ts';
import { presentWithoutToken } from './present-webhook.ts';
import { checkTargets } from './target-draft.ts';
import { checkDraft, type WebhookDraft } from './webhook-draft.ts';
import { makeSecret, makeToken, openFor, sealedToken, sealFor } from './webhook-secrets.ts';
import { checkSecretsStay, valuesOf } from './webhook-values.ts';

export interface ManageWebhooksDeps {
  readonly db: Pick<Database, 'forTenant'>;
  readonly keyring: Pick<Keyring, 'seal' | 'open'>;
  readonly clock: { now(): number };
  /** Without a trailing slash. */
  readonly publicBaseUrl: string;
  /** Called when this process's own copy of the webhook is outdated. */
  noteChange(webhookId: string): void;
}

/** A webhook after a change, with its generated secrets, which are shown only once. */
export interface ChangedWebhook {
  readonly row: WebhookConfigRow;
  readonly madeSecret: string | null;
  readonly madeTargetSecret: string | null;
  readonly madeVerifyToken: string | null;
  /** Secrets of further targets, by target id. */
  readonly madeSecretsOfTargets: ReadonlyMap<string, string>;
}

/** The longest time for which a sender may keep using the old secret. */
export const longestGraceSeconds = 30 * 86_400;

export function noSuchWebhook(): ServiceError {
  return new ServiceError('NOT_FOUND', 'There is no such webhook.', { publicMessageRu: 'Такого вебхука нет.' });
}

/** Throws `INVALID_REQUEST`. */
export async function createWebhook(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  draft: WebhookDraft,
  context: ChangeContext,
): Promise<ChangedWebhook> {
  checkDraft(draft);
  checkTargets(draft.targets ?? []);
  const owner = { id: newId(deps.clock.now()), management_company_id: tenantId };
  const { values, ...made } = valuesOf(deps, owner, null, draft);
  const { row, secrets } = await deps.db.forTenant(tenantId, async (tx) => {
    await checkSourceService(tx, tenantId, values);
    await insertWebhook(tx, tenantId, owner.id, values, context.changedBy);
    const synced = await syncTargets(tx, deps.keyring, { tenantId, webhookId: owner.id }, [], draft.targets ?? []);
    const inserted = (await findWebhook(tx, tenantId, owner.id)) as WebhookConfigRow;
    await recordChange(tx, deps, null, inserted, context);
    return { row: inserted, secrets: synced };
  });
  return { row, ...made, madeSecretsOfTargets: secrets };
}

/** Replaces a webhook by the result of `change`; secrets that it omits stay. Throws `NOT_FOUND`. */
export async function changeWebhook(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  change: (current: WebhookConfigRow) => WebhookDraft,
  context: ChangeContext,
): Promise<ChangedWebhook> {
  let made: Omit<ChangedWebhook, 'row' | 'madeSecretsOfTargets'> = {
    madeSecret: null,
    madeTargetSecret: null,
    madeVerifyToken: null,
  };
  let targets: WebhookDraft['targets'];
  let switchesOn = false;
  let secretsOfTargets: ReadonlyMap<string, string> = new Map();
  const row = await updateWebhookRow(
    deps,
    tenantId,
    id,
    context,
    (current) => {
      const draft = change(current);
      checkDraft(draft);
      checkTargets(draft.targets ?? []);
      checkSecretsStay(current, draft);
      const { values, ...secrets } = valuesOf(deps, current, current, draft);
      made = secrets;
      targets = draft.targets;
      switchesOn = draft.switchesTargetOn && current.target_off_at !== null;
      return values;
    },
    async (tx, current) => {
      if (switchesOn) await switchTargetOn(tx, tenantId, id);
      if (targets === undefined) return;
      const owner = { tenantId, webhookId: id };
      secretsOfTargets = await syncTargets(tx, deps.keyring, owner, current.further_targets ?? [], targets);
    },
  );
  return { row, ...made, madeSecretsOfTargets: secretsOfTargets };
}

/**
 * Sets a new secret; the old one stays valid for `graceSeconds`. `secretKey` undefined: one is generated. Throws
 * `NOT_FOUND`, and `INVALID_REQUEST` if the webhook's scheme has no secret or cannot use this one.
 */
export async function rotateSecret(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  rotation: { readonly graceSeconds: number; readonly secretKey: string | undefined },
  context: ChangeContext,
): Promise<{ readonly row: WebhookConfigRow; readonly secret: string }> {
  let secret = '';
  const row = await updateWebhookRow(deps, tenantId, id, context, (current) => {
    const scheme = current.signature_scheme as SignatureScheme;
    if (scheme === 'none')
      throw new ServiceError('CONFLICT', 'Deliveries of this webhook are not signed.', {
        publicMessageRu: 'Доставки этого вебхука не подписываются.',
      });
    if (rotation.secretKey !== undefined) checkSecret(scheme, rotation.secretKey);
    const next = rotation.secretKey ?? makeSecret(scheme);
    if (next === null)
      throw invalidInput(
        'secret_key',
        'is needed: only the sender can make it',
        'обязательно: его создаёт только отправитель',
      );
    secret = next;
    const hasGrace = rotation.graceSeconds > 0 && current.secret_key !== null;
    const old = hasGrace ? openFor(deps.keyring, current, 'secret_key', current.secret_key as string) : null;
    return {
      ...current,
      secret_key: sealFor(deps.keyring, current, 'secret_key', secret),
      // Sealed again, because a secret opens only in the column that it was sealed for.
      previous_secret_key: old === null ? null : sealFor(deps.keyring, current, 'previous_secret_key', old),
      previous_secret_until: old === null ? null : new Date(deps.clock.now() + rotation.graceSeconds * 1000),
    };
  });
  return { row, secret };
}

/** Creates a new address; the old one is invalid at once. Throws `NOT_FOUND`. */
export async function rotateToken(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  context: ChangeContext,
): Promise<WebhookConfigRow> {
  return updateWebhookRow(deps, tenantId, id, context, (current) => ({
    ...current,
    ...sealedToken(deps.keyring, current, makeToken()),
  }));
}

/** Throws `NOT_FOUND`. Undelivered deliveries are cancelled; received events stay until retention. */
export async function removeWebhook(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  context: ChangeContext,
  check: (current: WebhookConfigRow) => void = () => {},
): Promise<void> {
  await deps.db.forTenant(tenantId, async (tx) => {
    const current = await lockWebhook(tx, tenantId, id);
    if (current !== null) check(current);
    if (current === null || !(await deleteWebhook(tx, tenantId, id))) throw noSuchWebhook();
    await cancelDeliveries(tx, tenantId, id);
    await syncTargets(tx, deps.keyring, { tenantId, webhookId: id }, current.further_targets ?? [], []);
    await recordChange(tx, deps, current, null, context);
  });
  deps.noteChange(id);
}

/** The row after `change`, with its history. Throws `NOT_FOUND`. */
export async function updateWebhookRow(
  deps: ManageWebhooksDeps,
  tenantId: TenantId,
  id: string,
  context: ChangeContext,
  change: (current: WebhookConfigRow) => WebhookConfigValues,
  alsoChange: (tx: Queryable, current: WebhookConfigRow) => Promise<void> = async () => {},
): Promise<WebhookConfigRow> {
  const row = await deps.db.forTenant(tenantId, async (tx) => {
    const current = await lockWebhook(tx, tenantId, id);
    if (current === null) throw noSuchWebhook();
    const values = change(current);
    await checkSourceService(tx, tenantId, values);
    await alsoChange(tx, current);
    // Before the update, whose row is the answer.
    const isResumed = current.config.target_paused === true && values.config.target_paused !== true;
    if (isResumed || current.target_url !== values.target_url) await switchTargetOn(tx, tenantId, id);
    const updated = await updateWebhook(tx, tenantId, id, values);
    if (updated === null) throw noSuchWebhook();
    if (current.target_url !== null && updated.target_url === null) await cancelDeliveries(tx, tenantId, id);
    await recordChange(tx, deps, current, updated, context);
    return updated;
  });
  deps.noteChange(id);
  return row;
}

/** Throws `INVALID_REQUEST` if the tenant has no service with this id; another tenant's does not count. */
async function checkSourceService(tx: Queryable, tenantId: TenantId, values: WebhookConfigValues): Promise<void> {
  const { source_service_id: serviceId } = values;
  if (serviceId === null || (await keepService(tx, tenantId, serviceId))) return;
  throw invalidInput('source_service_id', 'there is no such service', 'такого сервиса нет');
}

const secretColumns = [
  'webhook_token',
  'secret_key',
  'target_secret',
  'target_headers',
  'collector_token',
  'verify_token',
] as const;

async function recordChange(
  tx: Queryable,
  { clock }: ManageWebhooksDeps,
  before: WebhookConfigRow | null,
  after: WebhookConfigRow | null,
  context: ChangeContext,
): Promise<void> {
  const row = after ?? before;
  if (row === null) return;
  await insertConfigurationChange(tx, row.management_company_id, {
    entity: 'webhook',
    entityId: row.id,
    ...context,
    before: before === null ? null : presentWithoutToken(before),
    after: after === null ? null : presentWithoutToken(after),
    changedSecrets: secretColumns.filter((column) => (before?.[column] ?? null) !== (after?.[column] ?? null)),
    changedAtMs: clock.now(),
  });
}
