/** Where a page of webhooks goes on: opaque to callers. */
import { invalidInput } from '../../../errors.ts';
import { isUuid } from '../../../ids.ts';
import type { WebhookPosition } from '../../../storage/tables/webhooks/webhook-configs.ts';

export function renderCursor({ createdAt, id }: WebhookPosition): string {
  return Buffer.from(`${createdAt} ${id}`, 'utf8').toString('base64url');
}

/** Throws `INVALID_REQUEST`. */
export function parseCursor(cursor: string): WebhookPosition {
  const [createdAt = '', id = ''] = Buffer.from(cursor, 'base64url').toString('utf8').split(' ');
  const isTime = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/.test(createdAt) && !Number.isNaN(Date.parse(createdAt));
  if (!isTime || !isUuid(id)) throw invalidInput('cursor', 'is none that this service gave out');
  return { createdAt, id };
}
