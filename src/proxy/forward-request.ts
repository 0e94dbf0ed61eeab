/** A request handed on to one of the tenant's APIs: through the same pipeline as every call, and back as bytes. */
import type { Clock } from '../clock.ts';
import { adapterNameOf, type ExternalService, type ServiceDirectory } from '../directory/service.ts';
import { invalidInput, ServiceError } from '../errors.ts';
import type { Call, CallExecutor, CallResult, Capability } from '../gateway/call.ts';
import type { TenantId } from '../ids.ts';
import type { HttpInput, HttpOutput } from '../providers/http/operations.ts';
import { settingsOf } from '../providers/http/settings.ts';
import { faultOfPath, isBelow } from '../providers/http/target-url.ts';
import { mayBeCached, questionHeaders, ttlSecondsOf } from './cache-policy.ts';
import { forwardedHeaders, returnedHeaders } from './headers.ts';
import { readStoredForm, storedForm } from './stored-answer.ts';

export interface HandOnDeps {
  readonly calls: CallExecutor;
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly clock: Clock;
}

export type Caller = Pick<
  Call,
  'tenantId' | 'cacheMode' | 'requestId' | 'traceparent' | 'sourceService' | 'deadlineAtMs' | 'maxWaitMs'
>;

export interface HandedOn {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
  readonly result: Pick<CallResult, 'cacheOutcome' | 'ageSeconds' | 'provider'>;
}

/** Past its TTL an answer that the admin chose to keep stands in for an upstream that fails. */
const staleSeconds = 86_400;

/**
 * Throws `NOT_FOUND` where the tenant has no such API, `INVALID_REQUEST` for a path that could leave its base URL, and
 * whatever the pipeline throws. An upstream's own refusal is no error: it is the answer.
 */
export async function handOn(
  deps: HandOnDeps,
  caller: Caller,
  serviceName: string,
  request: HttpInput,
  signal: AbortSignal,
): Promise<HandedOn> {
  const fault = faultOfPath(request.path);
  if (fault !== null) throw invalidInput('path', fault);
  const service = await findApi(deps, caller.tenantId, serviceName);
  const input: HttpInput = {
    ...request,
    headers: { ...forwardedHeaders(request.headers), 'x-request-id': caller.requestId },
  };
  const capability = capabilityFor(deps.clock, service, input);
  const call: Call<'http'> = {
    ...caller,
    capability,
    input,
    question: questionOf(input),
    provider: service.serviceName,
    cacheMode: capability.cache === null ? 'off' : caller.cacheMode,
  };
  const render = (output: HttpOutput) => storedForm(output, (capability.ttlSecondsOf?.(output) ?? 0) > 0);
  let result = await deps.calls.execute(call, render, signal);
  let answer = readStoredForm(result.body);
  if (result.cacheOutcome === 'COALESCED' && !answer.shareable) {
    // Who waited for another's request may not have its answer after all, and asks for itself.
    result = await deps.calls.execute({ ...call, cacheMode: 'off' }, render, signal);
    answer = readStoredForm(result.body);
  }
  return { ...answer, headers: headersFor(answer.headers, service, request.method), result };
}

async function findApi(deps: HandOnDeps, tenantId: TenantId, name: string): Promise<ExternalService> {
  const services = await deps.directory.ofTenant(tenantId);
  const service = services.find(({ serviceName, serviceType }) => serviceName === name && serviceType === 'api');
  if (service === undefined || adapterNameOf(service) !== 'http' || !service.isActive) {
    throw new ServiceError('NOT_FOUND', 'There is no active service of this name and of the type "api".');
  }
  return service;
}

function capabilityFor(clock: Clock, service: ExternalService, input: HttpInput): Capability<'http'> {
  const { cacheTtlSeconds } = settingsOf(service.config);
  const isCached = cacheTtlSeconds !== 0 && mayBeCached(input.method, input.headers);
  return {
    operation: 'http',
    family: 'proxy',
    serviceType: 'api',
    partOf: ({ path }) => pathPattern(path),
    safeToRepeat: input.method === 'GET' || input.method === 'HEAD' || input.method === 'OPTIONS',
    cache: isCached
      ? { ttlSeconds: cacheTtlSeconds ?? 0, negativeTtlSeconds: 0, staleSeconds: cacheTtlSeconds ? staleSeconds : 0 }
      : null,
    ...(isCached ? { ttlSecondsOf: (output: HttpOutput) => ttlSecondsOf(output, cacheTtlSeconds, clock.now()) } : {}),
  };
}

/** `orders/17` and `orders/18` are one part of an API: what is a number or an id in a path says which of its things is meant. */
function pathPattern(path: string): string {
  return path
    .split('/')
    .map((segment) => (/^\d+$|^[0-9a-f-]{16,}$/i.test(segment) ? '*' : segment))
    .join('/');
}

function questionOf({ method, path, query, headers }: HttpInput): string {
  const variants = questionHeaders.map((name) => headers[name] ?? '');
  return JSON.stringify([method, path, query, ...variants]);
}

/** A redirect below the base URL leads back through the gateway; the address behind it is not shown. */
function headersFor(
  headers: Readonly<Record<string, string>>,
  service: ExternalService,
  method: HttpInput['method'],
): Record<string, string> {
  const returned = returnedHeaders(headers);
  // Of a body that was not sent the upstream alone knows the length.
  const length = headers['content-length'];
  if (method === 'HEAD' && length !== undefined) returned['content-length'] = length;
  for (const name of ['location', 'content-location'] as const) {
    const value = returned[name];
    if (value !== undefined) returned[name] = throughGateway(value, service);
  }
  return returned;
}

function throughGateway(location: string, { baseUrl, serviceName }: ExternalService): string {
  if (baseUrl === null || !URL.canParse(location, baseUrl)) return location;
  const base = new URL(baseUrl);
  const target = new URL(location, base);
  const root = base.pathname.replace(/\/+$/, '');
  if (target.origin !== base.origin || !isBelow(target.pathname, root)) return location;
  return `/api/v1/proxy/${serviceName}${target.pathname.slice(root.length)}${target.search}${target.hash}`;
}
