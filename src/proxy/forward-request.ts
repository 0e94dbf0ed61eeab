/**
 * Passes a request to one of the tenant's APIs, through the same pipeline as every call, and returns the response as
 * bytes.
 *
 * A response streams to the caller while it arrives. Its end waits until its audit row is durable, so every complete
 * response has a row; one that is cut, on either side, stays incomplete. Responses from the cache, or requested by
 * another caller at the same time, are complete from the start.
 */
import { randomUUID } from 'node:crypto';
import type { Readable } from 'node:stream';
import { FlightReleased } from '../cache/single-flight.ts';
import { adapterNameOf, type ExternalService } from '../directory/service.ts';
import { findByName } from '../directory/service-index.ts';
import { invalidInput, ServiceError } from '../errors.ts';
import type { CallResult } from '../gateway/call.ts';
import type { Caller } from '../gateway/caller.ts';
import { signsWholeBody } from '../providers/http/auth/sign-request.ts';
import type { HttpInput, HttpOutput } from '../providers/http/operations.ts';
import { settingsOf } from '../providers/http/settings.ts';
import { faultOfPath, targetUrl } from '../providers/http/target-url.ts';
import { linksThroughGateway, throughGateway } from './addresses.ts';
import { secondsOf } from './cache-control.ts';
import { mayBeCached } from './cache-policy.ts';
import { callerHas, headersOf304, isConditional, withoutConditions } from './conditions.ts';
import { createDelivery, type Delivery } from './delivery.ts';
import { callOf, type ForwardRequestDeps, type ProxiedRequest, scopeOf, type Upload } from './forwarded-call.ts';
import { forwardedHeaders, returnedHeaders } from './headers.ts';
import { heldWhole } from './hold-body.ts';
import { isChange } from './question.ts';
import { readStoredForm } from './stored-answer.ts';

export interface ForwardedReply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** The stream fails if the response is cut. */
  readonly body: Buffer | Readable;
  readonly result: Pick<CallResult, 'cacheOutcome' | 'ageSeconds' | 'provider'>;
}

/** The request to pass on. */
export interface Request extends HttpInput {
  readonly upload: Upload | null;
  /** Length of a streamed body; null if the caller did not state it. */
  readonly lengthBytes: number | null;
}

/**
 * Throws `NOT_FOUND` if the tenant has no such API, `INVALID_REQUEST` for a path that could leave its base URL, and
 * everything that the pipeline throws. An upstream's own error is not an error here, but the answer.
 */
export async function forwardRequest(
  deps: ForwardRequestDeps,
  caller: Caller,
  serviceName: string,
  asked: Request,
  signal: AbortSignal,
): Promise<ForwardedReply> {
  const fault = faultOfPath(asked.path);
  if (fault !== null) throw invalidInput('path', fault.message, fault.message_ru);
  const service = await findApi(deps, caller.tenantId, serviceName);
  const { upload, lengthBytes, ...request } = signsWholeBody(service) ? await heldWhole(asked) : asked;
  const input: HttpInput = {
    ...request,
    headers: {
      // A caller that accepts no encoding must not get one.
      'accept-encoding': 'identity',
      ...forwardedHeaders(request.headers),
      'x-request-id': caller.requestId,
      ...(lengthBytes === null ? {} : { 'content-length': String(lengthBytes) }),
    },
  };
  const url = service.baseUrl === null ? '' : targetUrl(service.baseUrl, request.path, request.query);
  const proxied = { deps, caller, service, input, url, upload };
  try {
    return await answerOf(proxied, signal);
  } catch (error) {
    if (isChange(input) && !wasNotSent(error)) await letGo(proxied, [url]);
    throw error;
  }
}

async function answerOf(proxied: ProxiedRequest, signal: AbortSignal): Promise<ForwardedReply> {
  const remembered = headFromMemory(proxied);
  if (remembered !== null) return returned(proxied, readStoredForm(remembered.body), remembered);
  let upstream = await ask(proxied, signal).catch((error: unknown) => {
    if (error instanceof FlightReleased) return null;
    throw error;
  });
  // The answer to another caller's request turned out not to be shareable, so this caller sends its own.
  if (upstream === null || (upstream.result.cacheOutcome === 'COALESCED' && !upstream.shareable)) {
    upstream = await ask(proxied, signal, randomUUID());
  }
  if (upstream.result.isRefreshDue === true) refreshBehind(proxied);
  return returned(proxied, upstream, upstream.result);
}

interface UpstreamReply extends Pick<HttpOutput, 'status' | 'headers' | 'body'> {
  readonly result: ForwardedReply['result'] & Pick<CallResult, 'isRefreshDue'>;
  /** Whether other callers of the same question may get it. */
  readonly shareable: boolean;
}

/** Resolves with the headers as soon as they arrive; the body may still be in transit. */
async function ask(proxied: ProxiedRequest, signal: AbortSignal, flightKind?: string): Promise<UpstreamReply> {
  const delivery = createDelivery();
  const execution = execute(proxied, delivery, signal, flightKind);
  const first = await Promise.race([delivery.begun, execution]);
  if ('cacheOutcome' in first) return { ...readStoredForm(first.body), result: first };
  execution.then(delivery.finish, delivery.cut);
  return { ...first, result: missOf(proxied.service), shareable: true };
}

function missOf({ serviceName }: ExternalService): ForwardedReply['result'] {
  return { cacheOutcome: 'MISS', ageSeconds: 0, provider: serviceName };
}

/** Answers a HEAD from a cached GET in memory; otherwise the upstream is asked, with HEAD. */
function headFromMemory(proxied: ProxiedRequest): CallResult | null {
  if (proxied.input.method !== 'HEAD') return null;
  const get = { ...proxied, input: { ...proxied.input, method: 'GET' as const } };
  return proxied.deps.calls.findInMemory(callOf(get, createDelivery()).call);
}

/** Refreshes for later callers; the caller that got the expired answer does not wait. */
function refreshBehind(proxied: ProxiedRequest): void {
  const delivery = createDelivery();
  void delivery.begun.then(({ body }) => body.resume());
  const unconditional = { ...proxied, input: { ...proxied.input, headers: withoutConditions(proxied.input.headers) } };
  const { call, render } = callOf(unconditional, delivery);
  void proxied.deps.calls.refresh({ ...call, maxWaitMs: 0 }, render);
}

/** Resolves when the answer has passed and its audit row is durable. */
function execute(
  proxied: ProxiedRequest,
  delivery: Delivery,
  signal: AbortSignal,
  flightKind?: string,
): Promise<CallResult> {
  const { call, render } = callOf(proxied, delivery, flightKind);
  return proxied.deps.calls.execute(call, render, signal);
}

async function findApi(deps: ForwardRequestDeps, tenantId: Caller['tenantId'], name: string): Promise<ExternalService> {
  const services = await deps.directory.ofTenant(tenantId);
  const service = findByName(services, name);
  const isApi = service?.serviceType === 'api' && adapterNameOf(service) === 'http';
  if (service === undefined || !isApi || !service.isActive) {
    throw new ServiceError('NOT_FOUND', 'There is no active service of this name and of the type "api".', {
      publicMessageRu: 'Включённого сервиса с таким именем и типом api нет.',
    });
  }
  return service;
}

/** A successful change drops the cached answers of its URL and of the URLs that its response names (RFC 9111, 4.4). */
async function returned(
  proxied: ProxiedRequest,
  { status, headers, body }: Pick<HttpOutput, 'status' | 'headers' | 'body'>,
  result: ForwardedReply['result'],
): Promise<ForwardedReply> {
  const { input, url, service } = proxied;
  const ageSeconds = result.ageSeconds + secondsOf(headers.age);
  const isKept = settingsOf(service.config).cacheTtlSeconds !== 0 && mayBeCached(asGet(input.method), input.headers);
  if (isKept && status === 200 && isConditional(input.headers) && callerHas(input.headers, headers)) {
    return {
      status: 304,
      headers: headersFor(headersOf304(headers), proxied),
      body,
      result: { ...result, ageSeconds },
    };
  }
  if (isChange(input) && (status < 400 || status >= 500)) {
    const named = [headers.location, headers['content-location']].flatMap((address) =>
      address !== undefined && URL.canParse(address, url) ? [new URL(address, url).href] : [],
    );
    await letGo(proxied, [url, ...named.filter((address) => new URL(address).origin === new URL(url).origin)]);
  }
  return { status, headers: headersFor(headers, proxied), body, result: { ...result, ageSeconds } };
}

function asGet(method: HttpInput['method']): HttpInput['method'] {
  return method === 'HEAD' ? 'GET' : method;
}

async function letGo({ deps, caller, service }: ProxiedRequest, urls: readonly string[]): Promise<void> {
  for (const url of new Set(urls)) await deps.cache.invalidate(caller.tenantId, { scope: scopeOf(service, url) });
}

/** The gateway's own refusals, before anything was sent. */
export function wasNotSent(error: unknown): boolean {
  if (!(error instanceof ServiceError)) return false;
  return error.extra?.outcome !== 'unknown' && error.code !== 'PROVIDER_ERROR' && error.code !== 'GATEWAY_TIMEOUT';
}

function headersFor(
  headers: Readonly<Record<string, string>>,
  { service, url }: ProxiedRequest,
): Record<string, string> {
  const back = returnedHeaders(headers);
  for (const name of ['location', 'content-location'] as const) {
    const value = back[name];
    if (value !== undefined) back[name] = throughGateway(value, url, service);
  }
  if (back.link !== undefined) back.link = linksThroughGateway(back.link, url, service);
  return back;
}
