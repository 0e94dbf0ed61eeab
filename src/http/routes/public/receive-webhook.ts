import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import Type from 'typebox';
import { invalidInput, ServiceError } from '../../../errors.ts';
import { familyLimitOf } from '../../../gateway/call-result.ts';
import { hashTokenHex } from '../../../secrets/token-hash.ts';
import { looksLikeWebhookToken } from '../../../webhooks/managing/webhook-secrets.ts';
import { receiveDelivery, receiveHandshake } from '../../../webhooks/receiving/receive-delivery.ts';
import type { ReceiveDeps, Reception } from '../../../webhooks/receiving/reception.ts';
import { compileRanges, sourceAddressOf } from '../../../webhooks/receiving/source-address.ts';
import type { UnverifiedBodies, UnverifiedBody } from '../../../webhooks/receiving/unverified-bodies.ts';
import type { DeliveryHeaders } from '../../../webhooks/schemes/scheme.ts';
import type { HandshakeReply } from '../../../webhooks/source.ts';
import type { Routes } from '../../app.ts';
import { jsonContentType } from '../../reply/answer.ts';
import { setRefusedLimit } from '../../reply/call-reply.ts';
import type { RateLimitHeaders } from '../../reply/rate-limit-headers.ts';
import { acceptAnyContentType, contentTypeOf } from '../../request/any-content-type.ts';
import { readBoundedBody } from '../../request/bounded-body.ts';
import { splitQuery } from '../../request/proxy-path.ts';
import { receptionSchema } from '../webhooks/events-schemas.ts';

export interface HooksRouteDeps extends ReceiveDeps {
  readonly bodies: UnverifiedBodies;
  /** CIDRs of proxies whose `X-Forwarded-For` and `Forwarded` are trusted. */
  readonly trustedProxies: readonly string[];
  /** Shown only to senders with a valid signature. */
  readonly limits: RateLimitHeaders;
}

/**
 * `POST /hooks/{webhook_token}`, under the API's base and at the root. Public: the token, the address and the signature
 * authenticate the sender. Senders accept only 200 as success. Nothing of the request is echoed: Telegram would execute
 * a `method` in the reply.
 */
export function hooksRoute(deps: HooksRouteDeps): Routes {
  const trusted = compileRanges(deps.trustedProxies);
  const arrived = (request: FastifyRequest) => {
    const { webhook_token: token } = request.params as { webhook_token: string };
    if (!looksLikeWebhookToken(token)) throw new ServiceError('NOT_FOUND', 'There is no such webhook.');
    const headers = headersOf(request);
    return {
      tokenHashHex: hashTokenHex(token),
      headers,
      contentType: contentTypeOf(request) ?? null,
      sourceAddress: sourceAddressOf(
        request.socket.remoteAddress,
        { forwardedFor: headers['x-forwarded-for'], forwarded: headers.forwarded },
        trusted,
      ),
      requestId: request.id,
      query: () => queryOf(request),
    };
  };
  const handleHandshake = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const answer = await receiveHandshake(deps, arrived(request));
    if (answer !== null) return sendHandshake(reply, answer);
    reply.header('allow', 'POST');
    throw new ServiceError('METHOD_NOT_ALLOWED', 'This path takes POST.');
  };
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    let kept: UnverifiedBody | null = null;
    const receiving = receiveDelivery(deps, {
      ...arrived(request),
      async readBody(maxBytes, tenantId) {
        kept = deps.bodies.open(tenantId);
        const read = await readBoundedBody(request.raw, maxBytes, kept);
        if (read.kind === 'broken off') throw invalidInput('body', 'ended before it was whole');
        if (read.kind === 'whole') return read.body;
        if (read.isAbandoned) reply.header('connection', 'close');
        if (read.kind === 'no room') throw noRoom();
        return { tooLargeBytes: read.sizeBytes };
      },
    });
    const reception = await receiving
      .catch((error: unknown) => {
        setRefusedLimit(reply, deps.limits, error);
        throw error;
      })
      .finally(() => kept?.release());
    if (reception.status === 'handshake') return sendHandshake(reply, reception.reply);
    deps.limits.set(reply, reception.tenantId, familyLimitOf(reception.limit, deps.clock.now()));
    return reply.header('content-type', jsonContentType).send(answerOf(reception));
  };

  return async (app) => {
    await app.register(async (hooks: FastifyInstance) => {
      // The handler reads the bytes itself, as many as this webhook accepts.
      acceptAnyContentType(hooks, (_request, _payload, done) => done(null, undefined));
      for (const url of ['/api/v1/hooks/:webhook_token', '/hooks/:webhook_token']) {
        hooks.post(
          url,
          {
            config: { answers: { 200: receptionSchema }, showsBody: anyBody, headers: ['limits'] },
            schema: {
              ...(url.startsWith('/api') ? { tags: ['webhooks'] } : {}),
              summary: 'Where senders post: 200 when the delivery is durable',
            },
          },
          handle,
        );
        hooks.get(
          url,
          {
            config: { answers: { 200: Type.String() } },
            schema: {
              ...(url.startsWith('/api') ? { tags: ['webhooks'] } : {}),
              summary: 'What Meta, Dropbox and Trello ask before they send; 405 for all others',
            },
          },
          handleHandshake,
        );
      }
    });
  };
}

function noRoom(): ServiceError {
  return new ServiceError('SERVICE_UNAVAILABLE', 'Too many unverified bodies are in progress.', {
    retryAfterSeconds: 5,
  });
}

/** Never content that a browser would run, even if the address has become known. */
function sendHandshake(reply: FastifyReply, { status, contentType, body }: HandshakeReply): FastifyReply {
  return reply
    .code(status)
    .headers({ 'content-type': contentType, 'x-content-type-options': 'nosniff', 'cache-control': 'no-store' })
    .send(body);
}

/** The query as it was sent: Fastify's parser loses the order and repeated names. */
function queryOf(request: FastifyRequest): URLSearchParams {
  return new URLSearchParams(splitQuery(request.url)[1] ?? '');
}

const anyBody = Type.Unknown({
  description: 'Whatever the sender signed: the bytes count, not their type.',
  examples: [{ type: 'order.paid', event_id: 'order-17-paid' }],
});

/** A string, not bytes: Node writes it together with the headers. */
function answerOf(reception: Exclude<Reception, { status: 'handshake' }>): string {
  if (reception.status === 'ignored') return '{"status":"ignored"}';
  return `{"status":"${reception.status}","event_id":"${reception.eventId}"}`;
}

/** Node joins repeated headers itself; the only one that it keeps as a list (`set-cookie`) is not a request header. */
function headersOf(request: FastifyRequest): DeliveryHeaders {
  const { 'set-cookie': _list, ...headers } = request.raw.headers;
  const given: Record<string, string | undefined> = { ...headers, 'content-type': contentTypeOf(request) };
  for (const name in given) {
    const value = given[name];
    if (value !== undefined && notAscii.test(value)) given[name] = asUtf8(value);
  }
  return given;
}

const notAscii = /[^\0-\x7f]/;
const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** Node decodes header values as Latin-1. They are read as UTF-8 if they are valid UTF-8; others stay unchanged. */
function asUtf8(value: string): string {
  try {
    return utf8.decode(Buffer.from(value, 'latin1'));
  } catch {
    return value;
  }
}
