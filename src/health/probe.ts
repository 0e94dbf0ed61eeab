/**
 * Probes one service with a real request that the provider does not bill, and audits it like a call if the caller asks
 * for it. A provider that answers works, whatever it says about our empty question. A refused key, an outage or an
 * invalid answer is a failure. A pause that the provider asks for and a cancelled probe count as neither.
 */
import type { AuditStatus } from '../audit/entry.ts';
import { maskMessage } from '../audit/mask.ts';
import type { Clock } from '../clock.ts';
import { adapterNameOf, type ExternalService, type ServiceDirectory } from '../directory/service.ts';
import { termsOf } from '../directory/service-terms.ts';
import { newId } from '../ids.ts';
import type { Intake } from '../intake/intake.ts';
import type { Logger } from '../logger.ts';
import type { ProviderHttpOptions, RecordingHttp } from '../outbound/provider-http.ts';
import { type Adapter, TransportError, type Verdict } from '../providers/provider.ts';

export interface ProbeDeps {
  readonly directory: Pick<ServiceDirectory, 'accountOf'>;
  readonly intake: Pick<Intake, 'record'>;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly timeoutMs: number;
  findAdapter(name: string): Adapter | null;
  openHttp(options: ProviderHttpOptions): RecordingHttp;
}

export interface ProbeResult {
  /** null: the provider asked for a pause, or we cancelled the probe. */
  readonly ok: boolean | null;
  /** Unix milliseconds. */
  readonly startedAtMs: number;
  readonly durationMs: number;
  /** A description without secrets or addresses; null after a success. */
  readonly fault: string | null;
}

/** Upper limit for services with a long time-out, because the prober waits for the probe. */
const longestProbeMs = 60_000;

export interface ProbeRequest {
  /** null: a scheduled probe. */
  readonly requestId: string | null;
  readonly signal: AbortSignal | null;
  /** Whether the audit log gets a row. */
  isRecorded(result: ProbeResult): boolean;
}

/**
 * Runs the probe. Never throws because of the provider. When it resolves, the audit row is durable, or the log says why
 * not.
 */
export async function probeService(
  deps: ProbeDeps,
  service: ExternalService,
  { requestId, signal, isRecorded }: ProbeRequest,
): Promise<ProbeResult> {
  const startedAtMs = deps.clock.now();
  const timeoutMs = Math.min(termsOf(service).timeoutMs ?? deps.timeoutMs, Math.max(deps.timeoutMs, longestProbeMs));
  const http = deps.openHttp({ deadlineAtMs: startedAtMs + timeoutMs, signal });
  const { verdict, secrets } = await ask(deps, service, http);
  const completedAtMs = deps.clock.now();
  const message = faultOf(verdict);
  const fault = message === null ? null : maskMessage(message, [...secrets, ...http.masked]);
  const result: ProbeResult = {
    ok: verdict.kind === 'throttled' || verdict.kind === 'cancelled' ? null : fault === null,
    startedAtMs,
    durationMs: completedAtMs - startedAtMs,
    fault,
  };
  // A probe without network traffic (the offline gazetteer) is not a call to a provider.
  if (http.exchanges.length > 0 && isRecorded(result)) {
    await record(deps, service, http, verdict, result, secrets, requestId);
  }
  return result;
}

type ProbeVerdict = Verdict<unknown> | { readonly kind: 'timeout' | 'cancelled'; readonly message: string };

async function ask(
  deps: ProbeDeps,
  service: ExternalService,
  http: RecordingHttp,
): Promise<{ verdict: ProbeVerdict; secrets: readonly string[] }> {
  const failed = (message: string): ProbeVerdict => ({ kind: 'failed', retryable: false, message });
  const adapter = deps.findAdapter(adapterNameOf(service));
  const probe = adapter?.attempts.health_check;
  if (!adapter || probe === undefined) {
    return { verdict: failed('no adapter can probe it'), secrets: [] };
  }
  let secrets: readonly string[] = [];
  try {
    const account = deps.directory.accountOf(service);
    secrets = adapter.secretsOf(account);
    return { verdict: await probe({}, account, http), secrets };
  } catch (error) {
    if (!(error instanceof TransportError)) {
      deps.logger.error({ err: error, service: service.serviceName }, 'a probe failed unexpectedly');
      return { verdict: failed('the probe failed unexpectedly'), secrets };
    }
    if (error.fault === 'timeout') return { verdict: { kind: 'timeout', message: 'no answer in time' }, secrets };
    const verdict = error.fault === 'aborted' ? ({ kind: 'cancelled', message: error.message } as const) : null;
    return { verdict: verdict ?? failed(error.message), secrets };
  }
}

function faultOf(verdict: ProbeVerdict): string | null {
  switch (verdict.kind) {
    case 'ok':
    case 'empty':
    case 'bad_input': // It read the question and refused it as expected.
    case 'throttled':
      return null;
    default:
      return verdict.message;
  }
}

async function record(
  deps: ProbeDeps,
  service: ExternalService,
  http: RecordingHttp,
  verdict: ProbeVerdict,
  result: ProbeResult,
  secrets: readonly string[],
  requestId: string | null,
): Promise<void> {
  const exchange = http.exchanges.at(-1) ?? null;
  const id = newId(result.startedAtMs);
  try {
    await deps.intake.record({
      logs: [
        {
          id,
          tenantId: service.tenantId,
          serviceId: service.id,
          serviceName: service.serviceName,
          serviceType: service.serviceType,
          operation: 'health_check',
          endpoint: exchange?.endpoint ?? null,
          httpMethod: exchange?.method ?? null,
          requestHeaders: exchange?.requestHeaders ?? null,
          requestBody: exchange?.requestBody ?? null,
          responseStatusCode: exchange?.reply?.status ?? null,
          responseBody: exchange?.reply?.body ?? null,
          startedAtMs: result.startedAtMs,
          completedAtMs: result.startedAtMs + result.durationMs,
          status: statusOf(verdict, result),
          errorMessage: result.fault,
          errorCode: result.fault === null ? null : verdict.kind.toUpperCase(),
          retryCount: 0,
          attempt: 1,
          requestId: requestId ?? id,
          sourceService: null,
          principal: null,
          estimatedCostUsd: 0,
          secrets: [...secrets, ...http.masked],
        },
      ],
    });
  } catch (error) {
    deps.logger.warn({ err: error, service: service.serviceName }, 'could not record a probe');
  }
}

function statusOf(verdict: ProbeVerdict, result: ProbeResult): AuditStatus {
  if (verdict.kind === 'throttled') return 'rate_limited';
  if (verdict.kind === 'timeout' || verdict.kind === 'cancelled') return verdict.kind;
  return result.fault === null ? 'success' : 'error';
}
