/** Records an asked provider in the call's record and in the metrics. */
import type { AuditStatus } from '../audit/entry.ts';
import type { ExternalService } from '../directory/service.ts';
import type { RecordingHttp } from '../outbound/provider-http.ts';
import type { KnownOperation, ProviderAccount } from '../providers/provider.ts';
import type { AskContext } from './attempt-once.ts';
import type { Call } from './call.ts';
import type { CallDeps } from './deps.ts';
import type { ProviderOutcome } from './outcome.ts';
import type { Provider } from './resolve-providers.ts';

const statusByKind: Readonly<Record<string, AuditStatus>> = {
  answered: 'success',
  empty: 'success',
  throttled: 'rate_limited',
  cancelled: 'cancelled',
};

/** Adds the audit row of a provider, after its last attempt. */
export function recordAsked<Op extends KnownOperation>(
  deps: CallDeps,
  call: Call<Op>,
  made: {
    readonly service: ExternalService;
    readonly account: ProviderAccount;
    readonly provider: Provider;
    readonly context: AskContext;
    readonly outcome: ProviderOutcome<unknown>;
    readonly tried: { readonly http: RecordingHttp };
    readonly startedAtMs: number;
    readonly retries: number;
    readonly costUsd: number;
  },
): void {
  const { service, outcome, startedAtMs, retries, costUsd } = made;
  const completedAtMs = deps.clock.now();
  const timedOut = outcome.kind === 'failed' && outcome.fault === 'timeout';
  const status = timedOut ? 'timeout' : (statusByKind[outcome.kind] ?? 'error');
  made.context.record.asked({
    service,
    exchange: made.tried.http.exchanges.at(-1) ?? null,
    startedAtMs,
    completedAtMs,
    status,
    errorCode: status === 'success' ? null : errorCodeOf(outcome),
    errorMessage: 'message' in outcome ? outcome.message : null,
    retryCount: retries,
    costUsd,
    elements: call.capability.billedUnits?.(call.input) ?? null,
    secrets: [...new Set([...made.provider.adapter.secretsOf(made.account), ...made.tried.http.masked])],
  });
  deps.metrics.requestSettled(service.serviceName, call.capability.operation, status, completedAtMs - startedAtMs);
  if (costUsd > 0) deps.metrics.costIncurred(service.serviceName, costUsd);
}

function errorCodeOf(outcome: ProviderOutcome<unknown>): string {
  if (outcome.kind === 'failed') {
    return { timeout: 'TIMEOUT', unreachable: 'UNREACHABLE', unusable: 'UNUSABLE_ANSWER', denied: 'DENIED' }[
      outcome.fault
    ];
  }
  return outcome.kind.toUpperCase();
}
