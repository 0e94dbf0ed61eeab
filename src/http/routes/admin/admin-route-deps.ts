/** Dependencies of the admin routes; each route names those it uses. */
import type { DescribeCallDeps } from '../../../audit/describe-call.ts';
import type { ResponseCache } from '../../../cache/response-cache.ts';
import type { ManageBudgetsDeps } from '../../../costs/manage-budgets.ts';
import type { ServiceDirectory } from '../../../directory/service.ts';
import type { ListProblems } from '../../../health/list-problems.ts';
import type { ReportLimitsDeps } from '../../../limits/report-limits.ts';
import type { Logger } from '../../../logger.ts';
import type { Database } from '../../../storage/postgres/database.ts';
import type { Authenticator } from '../../auth/authenticate.ts';
import type { EventStreams } from '../../reply/event-streams.ts';
import type { Idempotency } from '../../request/idempotency.ts';

export interface AdminRoutesDeps extends DescribeCallDeps, ManageBudgetsDeps, ReportLimitsDeps {
  readonly db: Database;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly cache: Pick<ResponseCache, 'invalidate' | 'countsOf' | 'memorySizeOf' | 'writeNoted'>;
  readonly idempotency: Idempotency;
  readonly logger: Logger;
  readonly listProblems: ListProblems;
  readonly streams: EventStreams;
  readonly authenticator: Authenticator;
}
