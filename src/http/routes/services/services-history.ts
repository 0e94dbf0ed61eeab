import type { Static } from 'typebox';
import { noSuchService } from '../../../directory/manage-services.ts';
import { invalidInput } from '../../../errors.ts';
import { isUuid } from '../../../ids.ts';
import type { Database } from '../../../storage/postgres/database.ts';
import { listConfigurationChanges } from '../../../storage/tables/audit/configuration-audit.ts';
import type { Routes } from '../../app.ts';
import { callerOf } from '../../request/request-context.ts';
import { historyQuerySchema, historySchema, idOf, idParamsSchema } from './services-schemas.ts';

const defaultLimit = 100;

/** `GET /services/{id}/history`: who changed what, newest first; also for a deleted service. */
export function serviceHistoryRoute({ db }: { db: Pick<Database, 'forTenant'> }): Routes {
  return (app) => {
    app.get(
      '/services/:id/history',
      {
        config: { access: { scope: 'admin' }, answers: { 200: historySchema } },
        schema: {
          tags: ['services'],
          summary: 'Who changed what of a service, and when',
          params: idParamsSchema,
          querystring: historyQuerySchema,
        },
      },
      async (request) => {
        const { tenantId } = callerOf(request);
        const id = idOf(request);
        const { cursor = null, limit = defaultLimit } = request.query as Static<typeof historyQuerySchema>;
        if (!isUuid(id)) throw noSuchService();
        if (cursor !== null && !isUuid(cursor)) throw invalidInput('cursor', 'is not a cursor of this service');
        const rows = await db.forTenant(tenantId, (tx) =>
          listConfigurationChanges(tx, tenantId, { entity: 'service', entityId: id }, { beforeId: cursor, limit }),
        );
        if (rows.length === 0 && cursor === null) throw noSuchService();
        return {
          changes: rows.map(({ changed_at, ...row }) => ({ ...row, changed_at: changed_at.toISOString() })),
          next_cursor: rows.length === limit ? (rows.at(-1)?.id ?? null) : null,
        };
      },
    );
  };
}
