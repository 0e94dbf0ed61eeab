/** The cursor of a page of webhooks: opaque to callers. */

import { isCursorTime, readCursor, renderCursor } from '../../../encodings/page-cursor.ts';
import { invalidInput } from '../../../errors.ts';
import { isUuid } from '../../../ids.ts';
import type { WebhookPosition } from '../../../storage/tables/webhooks/webhook-configs.ts';

export function renderWebhookCursor({ createdAt, id }: WebhookPosition): string {
  return renderCursor(createdAt, id);
}

/** Throws `INVALID_REQUEST`. */
export function parseWebhookCursor(cursor: string): WebhookPosition {
  const [createdAt = '', id = ''] = readCursor(cursor);
  if (!isCursorTime(createdAt) || !isUuid(id)) throw invalidInput('cursor', 'is none that this service gave out');
  return { createdAt, id };
}
