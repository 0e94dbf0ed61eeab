/**
 * A request handed on to one of the tenant's APIs: through the same pipeline as every call, and back as bytes.
 *
 * An answer goes to the caller while it comes in. Its end waits until its audit row is durable, so that an answer with an
 * end has a row; one that is cut, on either side, has no end. What comes from the cache, or was asked for by another
 * caller at the same time, is there whole.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import { adapterNameOf, type ExternalService, type ServiceDirectory } from '../directory/service.ts';
import { termsOf } from '../directory/service-terms.ts';
import { invalidInput, ServiceError } from '../errors.ts';
import type { Call, CallExecutor, CallResult, Capability } from '../gateway/call.ts';
import type { TenantId } from '../ids.ts';
import type { HttpInput, HttpOutput } from '../providers/http/operations.ts';
import { type HttpSettings, settingsOf } from '../providers/http/settings.ts';
import { faultOfPath, targetUrl } from '../providers/http/target-url.ts';
import { linksThroughGateway, throughGateway } from './addresses.ts';
import { mayBeCached, ttlSecondsOf } from './cache-policy.ts';
import { carryBody, type Passed, wholeCarried } from './carry-answer.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { forwardedHeaders, returnedHeaders } from './headers.ts';
import { isChange, questionOf } from './question.ts';
import { readStoredForm, storedForm } from './stored-answer.ts';

export interface ForwardRequestDeps {
  readonly calls: CallExecutor;
  readonly cache: { invalidate(tenantId: TenantId, selector: { readonly scope: string }): Promise<unknown> };
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly clock: Clock;
}

export type Caller = Pick<
  Call,
  'tenantId' | 'cacheMode' | 'requestId' | 'traceparent' | 'sourceService' | 'principal' | 'deadlineAtMs' | 'maxWaitMs'
>;

export interface ForwardedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** A stream fails where the answer has no end. */
  readonly body: Buffer | Readable;
  readonly result: Pick<CallResult, 'cacheOutcome' | 'ageSeconds' | 'provider'>;
}

/** What is handed on; `upload` tells of a body that goes out as it comes what has passed of it. */
export interface Request extends HttpInput {
  readonly upload: (() => Passed) | null;
  /** Of a body that goes out as it comes; null where the caller did not say. */
  readonly lengthBytes: number | null;
}

/** Past its TTL an answer that the admin chose to keep stands in for an upstream that fails. */
const staleSeconds = 86_400;

/**
 * Throws `NOT_FOUND` where the tenant has no such API, `INVALID_REQUEST` for a path that could leave its base URL, and
 * whatever the pipeline throws. An upstream's own refusal is no error: it is the answer.
 */
export async function forwardRequest(
  deps: ForwardRequestDeps,
  caller: Caller,
  serviceName: string,
  { upload, lengthBytes, ...request }: Request,
  signal: AbortSignal,
): Promise<ForwardedReply> {
  const fault = faultOfPath(request.path);
  if (fault !== null) throw invalidInput('path', fault);
  const service = await findApi(deps, caller.tenantId, serviceName);
  const input: HttpInput = {
    ...request,
    headers: {
      // What the caller does not take it shall not get.
      'accept-encoding': 'identity',
      ...forwardedHeaders(request.headers),
      'x-request-id': caller.requestId,
      ...(lengthBytes === null ? {} : { 'content-length': String(lengthBytes) }),
    },
  };
  const url = service.baseUrl === null ? '' : targetUrl(service.baseUrl, request.path, request.query);
  const way = { deps, caller, service, input, url, upload };
  try {
    return await answerOf(way, signal);
  } catch (error) {
    if (isChange(input) && !wasNotSent(error)) await letGo(way, [url]);
    throw error;
  }
}

interface Way {
  readonly deps: ForwardRequestDeps;
  readonly caller: Caller;
  readonly service: ExternalService;
  readonly input: HttpInput;
  /** What the upstream is asked. */
  readonly url: string;
  readonly upload: Request['upload'];
}

async function answerOf(way: Way, signal: AbortSignal): Promise<ForwardedReply> {
  const { service } = way;
  const delivery = createDelivery();
  const execution = execute(way, delivery, signal, false);
  const first = await Promise.race([delivery.begun, execution]);
  if (!('cacheOutcome' in first)) {
    execution.then(delivery.finish, delivery.cut);
    const result = { cacheOutcome: 'MISS', ageSeconds: 0, provider: service.serviceName } as const;
    return returned(way, first, result);
  }
  let result = first;
  let answer = readStoredForm(result.body);
  if (result.cacheOutcome === 'COALESCED' && !answer.shareable) {
    // Who waited for another's request may not have its answer after all, and asks for itself.
    const own = createDelivery();
    const again = execute(way, own, signal, true);
    const begun = await Promise.race([own.begun, again]);
    if (!('cacheOutcome' in begun)) {
      again.then(own.finish, own.cut);
      return returned(way, begun, { cacheOutcome: 'MISS', ageSeconds: 0, provider: service.serviceName });
    }
    result = begun;
    answer = readStoredForm(result.body);
  }
  return returned(way, answer, result);
}

/** Resolves when the answer has passed and is written down. `alone`: neither from the cache nor for others. */
function execute(way: Way, delivery: Delivery, signal: AbortSignal, alone: boolean): Promise<CallResult> {
  const { deps, caller, service, input, url } = way;
  const settings = settingsOf(service.config);
  const { timeoutMs } = termsOf(service);
  // A service that is given more time than a call usually has may use it.
  const beginsByMs = Math.max(caller.deadlineAtMs, deps.clock.now() + (timeoutMs ?? 0));
  const kept = new WeakMap<HttpOutput, Buffer>();
  const capability = capabilityFor(way, settings, delivery, kept);
  const call: Call<'http'> = {
    ...caller,
    beginsByMs,
    deadlineAtMs: beginsByMs + settings.totalTimeoutMs,
    capability,
    input,
    question: questionOf(input),
    provider: service.serviceName,
    ...(capability.cache === null ? {} : { cacheScope: { scope: scopeOf(service, url), detail: null } }),
    cacheMode: capability.cache === null || alone ? 'off' : caller.cacheMode,
  };
  const render = (output: HttpOutput) => {
    const body = Buffer.isBuffer(output.body) ? output.body : kept.get(output);
    return storedForm(output, body ?? Buffer.alloc(0), (capability.ttlSecondsOf?.(output) ?? 0) > 0);
  };
  return deps.calls.execute(call, render, signal);
}

async function findApi(deps: ForwardRequestDeps, tenantId: TenantId, name: string): Promise<ExternalService> {
  const services = await deps.directory.ofTenant(tenantId);
  const service = services.find(({ serviceName, serviceType }) => serviceName === name && serviceType === 'api');
  if (service === undefined || adapterNameOf(service) !== 'http' || !service.isActive) {
    throw new ServiceError('NOT_FOUND', 'There is no active service of this name and of the type "api".');
  }
  return service;
}

function capabilityFor(
  { deps, input, upload }: Way,
  settings: HttpSettings,
  delivery: Delivery,
  kept: WeakMap<HttpOutput, Buffer>,
): Capability<'http'> {
  const { cacheTtlSeconds, idleTimeoutMs, totalTimeoutMs } = settings;
  const isCached = cacheTtlSeconds !== 0 && mayBeCached(input.method, input.headers);
  const ttlOf = (output: HttpOutput) => (isCached ? ttlSecondsOf(output, cacheTtlSeconds, deps.clock.now()) : 0);
  return {
    operation: 'http',
    family: 'proxy',
    serviceType: 'api',
    partOf: ({ path }) => pathPattern(path),
    safeToRepeat: !isChange(input) && !(input.body instanceof Readable),
    cache: isCached
      ? { ttlSeconds: cacheTtlSeconds ?? 0, negativeTtlSeconds: 0, staleSeconds: cacheTtlSeconds ? staleSeconds : 0 }
      : null,
    ...(isCached
      ? {
          ttlSecondsOf: (output: HttpOutput) =>
            output.body instanceof Readable && !kept.has(output) ? 0 : ttlOf(output),
        }
      : {}),
    carry(output, signal) {
      if (!(output.body instanceof Readable)) {
        return Promise.resolve(wholeCarried(output.body, output.headers['content-encoding'], upload));
      }
      delivery.begin(output);
      return carryBody(output.body, {
        delivery,
        encoding: output.headers['content-encoding'],
        keep: ttlOf(output) > 0,
        idleMs: idleTimeoutMs,
        totalMs: totalTimeoutMs,
        upload,
        signal,
      }).then((answer) => {
        if (answer.kept !== null) kept.set(output, answer.kept);
        return answer.carried;
      });
    },
  };
}

/** `orders/17` and `orders/18` are one part of an API: what is a number or an id in a path says which of its things is meant. */
function pathPattern(path: string): string {
  return path
    .split('/')
    .map((segment) => (/^\d+$|^[0-9a-f-]{16,}$/i.test(segment) ? '*' : segment))
    .join('/');
}

/** A change that was answered, other than by a refusal, lets go of what was kept of its URL and of those it names (RFC 9111, 4.4). */
async function returned(
  way: Way,
  { status, headers, body }: Pick<HttpOutput, 'status' | 'headers' | 'body'>,
  result: ForwardedReply['result'],
): Promise<ForwardedReply> {
  const { input, url } = way;
  if (isChange(input) && (status < 400 || status >= 500)) {
    const named = [headers.location, headers['content-location']].flatMap((address) =>
      address !== undefined && URL.canParse(address, url) ? [new URL(address, url).href] : [],
    );
    await letGo(way, [url, ...named.filter((address) => new URL(address).origin === new URL(url).origin)]);
  }
  return { status, headers: headersFor(headers, way), body, result };
}

async function letGo({ deps, caller, service }: Way, urls: readonly string[]): Promise<void> {
  for (const url of new Set(urls)) await deps.cache.invalidate(caller.tenantId, { scope: scopeOf(service, url) });
}

/** All answers of one URL, whatever headers it was asked with. */
function scopeOf(service: ExternalService, url: string): string {
  return `url:${createHash('sha256').update(`${service.id} ${url}`).digest('base64url')}`;
}

/** Refusals of ours, before anything was sent. */
export function wasNotSent(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return error.extra?.outcome !== 'unknown' && error.code !== 'PROVIDER_ERROR' && error.code !== 'GATEWAY_TIMEOUT';
}

function headersFor(headers: Readonly<Record<string, string>>, { service, url }: Way): Record<string, string> {
  const back = returnedHeaders(headers);
  for (const name of ['location', 'content-location'] as const) {
    const value = back[name];
    if (value !== undefined) back[name] = throughGateway(value, url, service);
  }
  if (back.link !== undefined) back.link = linksThroughGateway(back.link, url, service);
  return back;
}
