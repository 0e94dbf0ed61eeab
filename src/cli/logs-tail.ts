/** `logs tail`: prints a tenant's last audit entries, and with --follow also new ones. */
import { setTimeout as delay } from 'node:timers/promises';
import { type IntegrationLog, type LogFilter, listEntries, logStatuses } from '../audit/list-entries.ts';
import { systemClock } from '../clock.ts';
import type { TenantId } from '../ids.ts';
import type { Database } from '../storage/postgres/database.ts';
import { type Command, type CommandInput, UsageError } from './command.ts';
import { withDatabase } from './open-database.ts';
import { parseWhole, readTenant, tenantOption } from './read-arguments.ts';
import type { Terminal } from './terminal.ts';

const defaultLines = 20;
const maxPage = 1_000;
const pollMs = 1_000;
/** A row is written when its call ends, but sorted by its start: the next look goes back this far. */
const overlapMs = 120_000;

export const logsTail: Command = {
  name: 'logs tail',
  summary: 'the last calls to external services, oldest first',
  options: {
    tenant: tenantOption,
    lines: { type: 'string', hint: 'N', help: `how many (default ${defaultLines})` },
    follow: { type: 'boolean', help: 'go on with those that come, until Ctrl-C' },
    service: { type: 'string', hint: 'NAME', help: 'of this service only' },
    operation: { type: 'string', hint: 'NAME', help: 'geocode, sheets_read …' },
    status: { type: 'string', hint: 'STATUS', help: `${logStatuses.join(', ')}; several with commas between` },
    'cache-misses': { type: 'boolean', help: 'only lookups and reads that no cache could answer' },
    'request-id': { type: 'string', hint: 'ID', help: 'what happened to this request' },
  },
  async run({ terminal, config, interrupted }, input) {
    const tenantId = readTenant(input.text('tenant'), () => config().defaultTenant);
    const filter = filterOf(input);
    const lines = parseWhole('lines', input.text('lines'), defaultLines, 1, maxPage);
    await withDatabase(config(), async (db) => {
      const { logs } = await listEntries({ db }, tenantId, filter, null, lines);
      for (const log of logs.toReversed()) terminal.line(log, renderLog(log));
      if (logs.length === 0) terminal.note(describeNone(tenantId, filter));
      if (input.flag('follow')) await follow(terminal, db, tenantId, filter, logs, interrupted);
    });
  },
};

function filterOf(input: CommandInput): LogFilter {
  return {
    serviceName: input.text('service') ?? undefined,
    operation: input.text('operation') ?? undefined,
    requestId: input.text('request-id') ?? undefined,
    statuses: readStatuses(input.text('status')),
    onlyCacheMisses: input.flag('cache-misses'),
  };
}

function readStatuses(text: string | null): LogFilter['statuses'] {
  return text?.split(',').map((name) => {
    const status = logStatuses.find((known) => known === name.trim());
    if (status !== undefined) return status;
    throw new UsageError(
      `--status must be of ${logStatuses.join(', ')}, with commas between; "${name}" is none of them`,
    );
  });
}

/** Without this line it would be unclear whether the right place was searched. */
function describeNone(tenantId: TenantId, { requestId }: LogFilter): string {
  return requestId === undefined
    ? `The tenant ${tenantId} has no such calls yet.`
    : `No provider was asked for the request ${requestId} of the tenant ${tenantId}: a cache answered it, or it was refused before.\n` +
        'The service’s own log has its line: look for this "req_id".';
}

/** Shows each entry once. More than a page of new entries in a second are cut to the newest, with a note. */
async function follow(
  terminal: Terminal,
  db: Database,
  tenantId: TenantId,
  filter: LogFilter,
  shownLogs: readonly IntegrationLog[],
  interrupted: AbortSignal,
): Promise<void> {
  const beganAtMs = systemClock.now();
  let shown = new Set(shownLogs.map(({ id }) => id));
  while (!interrupted.aborted) {
    await delay(pollMs, undefined, { signal: interrupted }).catch(() => {});
    // Entries that ended before the start and were not among the last lines are not new.
    const fromMs = Math.max(beganAtMs, systemClock.now() - overlapMs);
    const { logs, nextCursor } = await listEntries({ db }, tenantId, { ...filter, fromMs }, null, maxPage);
    const news = logs.filter(({ id }) => !shown.has(id));
    if (nextCursor !== null && news.length === logs.length) terminal.note('… more calls than can be shown');
    for (const log of news.toReversed()) terminal.line(log, renderLog(log));
    // Keeps only ids that the next look may return again.
    shown = new Set([...logs.map(({ id }) => id), ...(nextCursor === null ? [] : shown)].slice(0, 2 * maxPage));
  }
}

function renderLog(log: IntegrationLog): string {
  const parts = [
    log.started_at,
    log.status.padEnd(12),
    `${log.service_name} ${log.operation}`,
    log.response_status_code === null ? '' : String(log.response_status_code),
    log.duration_ms === null ? '' : `${log.duration_ms} ms`,
    log.retry_count > 0 ? `${log.retry_count} retries` : '',
    log.estimated_cost > 0 ? `$${log.estimated_cost}` : '',
    log.error_code ?? '',
    log.error_message ?? '',
    log.request_id === null ? '' : `request ${log.request_id}`,
  ];
  // A provider's message may contain line ends and escape sequences, which must not reach the terminal.
  return parts
    .filter((part) => part !== '')
    .join('  ')
    .replaceAll(/\p{Cc}/gu, ' ');
}
