/** Converts an authenticated request to a call, and its result to a reply, with the body's bytes as they are stored. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { CacheMode } from '../../cache/cached-answer.ts';
import type { Clock } from '../../clock.ts';
import { ServiceError } from '../../errors.ts';
import type { CallResult } from '../../gateway/call.ts';
import type { Caller } from '../../gateway/caller.ts';
import type { TenantId } from '../../ids.ts';
import { callerOf, principalTextOf, sourceServiceOf, traceparentOf } from '../request/request-context.ts';
import { jsonContentType } from './answer.ts';
import type { RateLimitHeaders } from './rate-limit-headers.ts';
import { sendTogether } from './send-together.ts';

export function callerOfCall(request: FastifyRequest, clock: Clock, deadlineMs: number): Caller {
  const { tenantId, principal } = callerOf(request);
  return {
    tenantId,
    cacheMode: cacheModeOf(request.headers['cache-control']),
    requestId: request.id,
    traceparent: traceparentOf(request),
    sourceService: sourceServiceOf(request),
    principal: principalTextOf(request),
    services: principal.services,
    deadlineAtMs: clock.now() + deadlineMs,
    maxWaitMs: 0,
  };
}

export function sendCallResult(
  reply: FastifyReply,
  tenantId: TenantId,
  result: CallResult,
  limits: RateLimitHeaders,
  contentType = jsonContentType,
): FastifyReply {
  setCallHeaders(reply, tenantId, result, limits, contentType);
  return reply.send(result.body);
}

function setCallHeaders(
  reply: FastifyReply,
  tenantId: TenantId,
  result: CallResult,
  limits: RateLimitHeaders,
  contentType = jsonContentType,
): void {
  reply.header('content-type', contentType);
  reply.header('x-cache', result.cacheOutcome);
  reply.header('age', result.ageSeconds);
  reply.header('x-provider', headerText(result.provider));
  limits.set(reply, tenantId, result.familyLimit);
}

export interface AnswerableCall {
  fromMemory(): CallResult | null;
  execute(): Promise<CallResult>;
}

/**
 * Sends an answer from the memory cache synchronously, since a promise would cost more than the look-up; otherwise
 * executes the call.
 */
export function answerCall(
  reply: FastifyReply,
  limits: RateLimitHeaders,
  call: AnswerableCall,
): Promise<FastifyReply> | undefined {
  const { tenantId } = callerOf(reply.request);
  let remembered: CallResult | null;
  try {
    remembered = call.fromMemory();
  } catch (error) {
    setFailureHeaders(reply, limits, error);
    throw error;
  }
  if (remembered === null) {
    return call.execute().then(
      (result) => sendCallResult(reply, tenantId, result, limits),
      (error: unknown) => {
        setFailureHeaders(reply, limits, error);
        throw error;
      },
    );
  }
  setCallHeaders(reply, tenantId, remembered, limits);
  sendTogether(reply, remembered.body);
  return undefined;
}

/**
 * Awaits a call. A failed call also gets the rate limit headers, and the cache headers if the "not found" came from the
 * cache.
 */
export async function withRateLimitHeaders<T>(
  reply: FastifyReply,
  limits: RateLimitHeaders,
  call: Promise<T>,
): Promise<T> {
  try {
    return await call;
  } catch (error) {
    setFailureHeaders(reply, limits, error);
    throw error;
  }
}

function setFailureHeaders(reply: FastifyReply, limits: RateLimitHeaders, error: unknown): void {
  const failed = error instanceof ServiceError ? error.call : undefined;
  if (!setRefusedLimit(reply, limits, error)) {
    limits.set(reply, callerOf(reply.request).tenantId, failed?.familyLimit ?? null);
  }
  const cache = failed?.cache ?? null;
  if (cache !== null) reply.header('x-cache', cache.outcome).header('age', cache.ageSeconds);
}

/** Shows the limit that refused the call; false if the error is not about a limit. */
export function setRefusedLimit(reply: FastifyReply, limits: RateLimitHeaders, error: unknown): boolean {
  if (!(error instanceof ServiceError) || error.limit === undefined) return false;
  limits.setRefused(reply, error.limit, error.retryAfterSeconds ?? error.limit.windowSeconds);
  return true;
}

/**
 * `no-store` wins; other directives are ignored. `max-age=0` is what `fetch` sends for `cache: 'no-cache'` (Fetch
 * Standard, HTTP-network-or-cache fetch), and browsers when a page is reloaded.
 */
export function cacheModeOf(header: string | undefined): CacheMode {
  if (header === undefined) return 'use';
  const directives = header
    .toLowerCase()
    .split(',')
    .map((directive) => directive.trim());
  if (directives.includes('no-store')) return 'off';
  return directives.some((directive) => directive === 'no-cache' || /^max-age="?0+"?$/.test(directive))
    ? 'refresh'
    : 'use';
}

/** A service's name may be in any script, but a header holds Latin-1 at most. */
function headerText(name: string): string {
  return plainText.test(name) ? name : encodeURIComponent(name);
}

const plainText = /^[\x20-\x7e]*$/;
