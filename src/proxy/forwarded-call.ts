/**
 * Turns a request into a call of the pipeline: its question, which callers share a fetch, and how its answer is
 * streamed, cached and revalidated.
 */
import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import type { Clock } from '../clock.ts';
import type { ExternalService, ServiceDirectory } from '../directory/service.ts';
import { termsOf } from '../directory/service-terms.ts';
import type { Call, CallExecutor, Capability, Revalidation, Upload as UploadProgress } from '../gateway/call.ts';
import type { Caller } from '../gateway/caller.ts';
import type { TenantId } from '../ids.ts';
import type { HttpInput, HttpOutput } from '../providers/http/operations.ts';
import { type HttpSettings, settingsOf } from '../providers/http/settings.ts';
import { lifetimeOf, mayBeCached } from './cache-policy.ts';
import { carryBody, type Passed, wholeCarried } from './carry-answer.ts';
import {
  freshened,
  hasValidator,
  isAbout,
  isCondition,
  saysTheSame,
  withoutConditions,
  withValidators,
} from './conditions.ts';
import type { Delivery } from './delivery.ts';
import { isChange, questionOf } from './question.ts';
import { readStoredHead, storedForm, withHead } from './stored-answer.ts';

export interface ForwardRequestDeps {
  readonly calls: CallExecutor;
  readonly cache: { invalidate(tenantId: TenantId, selector: { readonly scope: string }): Promise<unknown> };
  readonly directory: Pick<ServiceDirectory, 'ofTenant'>;
  readonly clock: Clock;
}

/** What is known of a streamed request body. */
export interface Upload extends Omit<UploadProgress, 'idleMs'> {
  /** What has passed of it so far. */
  passed(): Passed;
}

export interface ProxiedRequest {
  readonly deps: ForwardRequestDeps;
  readonly caller: Caller;
  readonly service: ExternalService;
  readonly input: HttpInput;
  /** The upstream URL. */
  readonly url: string;
  readonly upload: Upload | null;
}

/** `flightKind`: calls of one kind share a fetch; by default, those with the same conditions. */
export function callOf(proxied: ProxiedRequest, delivery: Delivery, flightKind = conditionsKey(proxied.input)) {
  const { deps, caller, service, input, url } = proxied;
  const settings = settingsOf(service.config);
  const { timeoutMs } = termsOf(service);
  // A service with a longer time-out than usual may use all of it.
  const beginsByMs = Math.max(caller.deadlineAtMs, deps.clock.now() + (timeoutMs ?? 0));
  const kept = new WeakMap<HttpOutput, Buffer>();
  const capability = capabilityFor(proxied, settings, delivery, kept);
  const isCached = capability.cache !== null;
  const call: Call<'http'> = {
    ...caller,
    beginsByMs,
    deadlineAtMs: beginsByMs + settings.totalTimeoutMs,
    ...(proxied.upload === null ? {} : { upload: { ...proxied.upload, idleMs: settings.idleTimeoutMs } }),
    capability,
    input,
    question: questionOf(isCached ? { ...input, headers: withoutConditions(input.headers) } : input),
    provider: service.serviceName,
    ...(isCached ? { cacheScope: { scope: scopeOf(service, url), detail: null }, flightKind } : {}),
    cacheMode: isCached ? caller.cacheMode : 'off',
  };
  const render = (output: HttpOutput) => {
    const body = Buffer.isBuffer(output.body) ? output.body : kept.get(output);
    return storedForm(output, body ?? Buffer.alloc(0), (capability.lifetimeOf?.(output)?.ttlSeconds ?? 0) > 0);
  };
  return { call, render };
}

/** Other conditions may have another answer: a 304 answers only its own condition. */
function conditionsKey({ headers }: HttpInput): string {
  return JSON.stringify(Object.entries(headers).filter(([name]) => isCondition(name)));
}

function capabilityFor(
  { deps, input, upload: uploading }: ProxiedRequest,
  settings: HttpSettings,
  delivery: Delivery,
  kept: WeakMap<HttpOutput, Buffer>,
): Capability<'http'> {
  const { cacheTtlSeconds, idleTimeoutMs, totalTimeoutMs } = settings;
  const upload = uploading?.passed ?? null;
  const isCached = cacheTtlSeconds !== 0 && mayBeCached(input.method, input.headers);
  const lifetime = (output: HttpOutput) => (isCached ? lifetimeOf(output, cacheTtlSeconds, deps.clock.now()) : null);
  const isShareable = (output: HttpOutput) => (lifetime(output)?.ttlSeconds ?? 0) > 0;
  return {
    operation: 'http',
    family: 'proxy',
    serviceType: 'api',
    partOf: ({ path }) => pathPattern(path),
    safeToRepeat: !isChange(input) && !(input.body instanceof Readable),
    // Each answer determines its own TTL.
    cache: isCached ? { ttlSeconds: 0, negativeTtlSeconds: 0, staleSeconds: 0 } : null,
    lifetimeOf: (output) => (output.body instanceof Readable && !kept.has(output) ? null : lifetime(output)),
    revalidate: (asked, keptBody) => revalidationOf(asked, keptBody, isShareable),
    carry(output, { signal, release }) {
      if (!(output.body instanceof Readable)) {
        return Promise.resolve(wholeCarried(output.body, output.headers['content-encoding'], upload));
      }
      delivery.begin(output);
      const keep = lifetime(output) !== null;
      // Other callers would wait for its end, which an event stream never reaches.
      if (!keep) release();
      return carryBody(output.body, {
        delivery,
        onTooLong: release,
        encoding: output.headers['content-encoding'],
        keep,
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

/** Asks an upstream whether a cached answer is still valid: a 304 costs a call and no body. */
function revalidationOf(
  input: HttpInput,
  keptBody: Buffer,
  isShareable: (output: HttpOutput) => boolean,
): Revalidation<'http'> | null {
  const kept = readStoredHead(keptBody);
  if (!hasValidator(kept.headers)) return null;
  return {
    input: { ...input, headers: withValidators(input.headers, kept.headers) },
    read({ status, headers }) {
      if (status !== 304) return 'replaced';
      if (!isAbout(kept.headers, headers)) return 'unclear';
      const output = { ...freshened(kept, headers), body: Buffer.alloc(0) };
      return {
        output,
        body: withHead(keptBody, output, isShareable(output)),
        isUnchanged: saysTheSame(kept.headers, output.headers),
      };
    },
  };
}

/** `orders/17` and `orders/18` are one part of an API: a number or an id in a path only identifies an object. */
function pathPattern(path: string): string {
  return path
    .split('/')
    .map((segment) => (/^\d+$|^[0-9a-f-]{16,}$/i.test(segment) ? '*' : segment))
    .join('/');
}

/** All answers of one URL, whatever the request's headers. */
export function scopeOf(service: ExternalService, url: string): string {
  return `url:${createHash('sha256').update(`${service.id} ${url}`).digest('base64url')}`;
}
