/**
 * The service's API for the signed-in user. Bodies follow the API's description; an error is the service's problem
 * document.
 */
import { parseAnswer } from './exact-number.ts';

export interface FieldFault {
  readonly path: string;
  readonly message: string;
  readonly message_ru?: string;
}

/** The service's error message. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  /** The message in Russian; null if the service has only the English one. */
  readonly messageRu: string | null;
  readonly requestId: string | null;
  readonly faults: readonly FieldFault[];
  readonly retryAfterSeconds: number | null;

  constructor(status: number, body: Readonly<Record<string, unknown>>, retryAfter: string | null = null) {
    super(typeof body.detail === 'string' ? body.detail : `HTTP ${status}`);
    this.status = status;
    this.code = typeof body.code === 'string' ? body.code : '';
    this.messageRu = typeof body.detail_ru === 'string' ? body.detail_ru : null;
    this.requestId = typeof body.request_id === 'string' ? body.request_id : null;
    this.faults = Array.isArray(body.errors) ? (body.errors as FieldFault[]) : [];
    this.retryAfterSeconds = retryAfter === null || !/^\d+$/.test(retryAfter) ? null : Number(retryAfter);
  }
}

export interface Session {
  readonly signed_in: boolean;
  readonly version: string;
  readonly tile_url: string | null;
  readonly id?: string;
  readonly tenant?: string;
  readonly name?: string;
  readonly scopes?: readonly string[];
  readonly is_admin?: boolean;
  readonly has_every_tenant?: boolean;
  readonly expires_at?: string;
  readonly csrf_token?: string;
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

export interface Reply<T> {
  readonly body: T;
  readonly headers: Headers;
  readonly status: number;
}

export interface AskOptions {
  readonly query?: Query;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
  /** False for what may last: an export of the whole log, or a call that the service itself ends in time. */
  readonly hasDeadline?: boolean;
}

const replyDeadlineMs = 60_000;

interface SessionEvents {
  onSignedOut(): void;
  /** Another tab has signed in to the same tenant: the browser sends its cookie from now on. */
  onReplaced(session: Session): void;
}

/** Refused for good. The other refusals say nothing about an earlier attempt under the same key. */
function isSettledBy({ status }: ApiError): boolean {
  return status >= 400 && status < 500 && ![401, 403, 409, 429].includes(status);
}

export class Api {
  readonly session: Session;
  readonly #events: SessionEvents;
  /** The keys of `sendOnce` whose outcome is not known, by path and body. */
  readonly #openKeys = new Map<string, string>();

  constructor(session: Session, events: SessionEvents) {
    this.session = session;
    this.#events = events;
  }

  async get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
    return (await this.ask<T>('GET', path, { query, ...(signal === undefined ? {} : { signal }) })).body;
  }

  async send<T>(method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', path: string, body?: unknown, headers = {}): Promise<T> {
    return (await this.ask<T>(method, path, { body, headers })).body;
  }

  /** A POST that is made once, also if it is sent again after its answer was lost. */
  async sendOnce<T>(path: string, body: unknown): Promise<T> {
    const change = `${path} ${JSON.stringify(body)}`;
    const key = this.#openKeys.get(change) ?? `console-${crypto.getRandomValues(new Uint32Array(4)).join('-')}`;
    this.#openKeys.set(change, key);
    try {
      const answer = await this.send<T>('POST', path, body, { 'idempotency-key': key });
      this.#openKeys.delete(change);
      return answer;
    } catch (thrown) {
      if (thrown instanceof ApiError && isSettledBy(thrown)) this.#openKeys.delete(change);
      throw thrown;
    }
  }

  /** With the status and headers of the answer. Throws `ApiError`. */
  async ask<T>(
    method: string,
    path: string,
    { query = {}, body, headers = {}, signal }: AskOptions = {},
  ): Promise<Reply<T>> {
    const reply = await this.fetch(method, path, { query, body, headers, ...(signal === undefined ? {} : { signal }) });
    const text = await reply.text();
    const parsed = parseBody(text);
    if (!reply.ok) throw this.problem(reply, parsed);
    return { body: parsed as T, headers: reply.headers, status: reply.status };
  }

  /** The reply itself, with its body unread. */
  async fetch(method: string, path: string, options: AskOptions = {}): Promise<Response> {
    const reply = await this.#request(method, path, options, this.session.csrf_token);
    if (reply.status !== 403) return reply;
    // Refused perhaps only because another tab has signed in meanwhile, which replaces the cookie of every tab.
    const present = await readSession();
    if (present.id === this.session.id) return reply;
    if (present.tenant !== this.session.tenant) {
      this.#events.onSignedOut();
      return reply;
    }
    this.#events.onReplaced(present);
    return this.#request(method, path, options, present.csrf_token);
  }

  async #request(
    method: string,
    path: string,
    { query = {}, body, headers = {}, signal, hasDeadline = true }: AskOptions,
    csrfToken: string | undefined,
  ): Promise<Response> {
    const search = new URLSearchParams();
    for (const [name, value] of Object.entries(query)) {
      if (value !== null && value !== undefined && value !== '') search.set(name, String(value));
    }
    const text = search.toString();
    const ends = [
      ...(signal === undefined ? [] : [signal]),
      ...(hasDeadline ? [AbortSignal.timeout(replyDeadlineMs)] : []),
    ];
    const isRaw = typeof body === 'string';
    try {
      return await fetch(
        `${path.startsWith('/console') || path.startsWith('/health') ? '' : '/api/v1'}${path}${text === '' ? '' : `?${text}`}`,
        {
          method,
          headers: {
            ...(this.session.tenant === undefined ? {} : { 'x-management-company-id': this.session.tenant }),
            'x-service-name': 'console',
            // Without this header the browser sends `no-cache` because of `no-store` below, and the service obeys: each
            // request would reach a provider and cost money.
            'cache-control': 'max-stale',
            ...(method === 'GET' || csrfToken === undefined ? {} : { 'x-csrf-token': csrfToken }),
            ...(body === undefined || isRaw ? {} : { 'content-type': 'application/json' }),
            ...headers,
          },
          ...(body === undefined ? {} : { body: isRaw ? body : JSON.stringify(body) }),
          cache: 'no-store',
          credentials: 'same-origin',
          signal: AbortSignal.any(ends),
        },
      );
    } catch (error) {
      if (signal?.aborted === true) throw error;
      throw new ApiError(0, {});
    }
  }

  problem(reply: Response, body: unknown): ApiError {
    const error = new ApiError(
      reply.status,
      typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {},
      reply.headers.get('retry-after'),
    );
    if (error.status === 401) this.#events.onSignedOut();
    return error;
  }
}

/** JSON, or the text itself. */
export function parseBody(text: string): unknown {
  if (text === '') return undefined;
  try {
    return parseAnswer(text);
  } catch {
    return text;
  }
}

export async function readSession(): Promise<Session> {
  const reply = await fetch('/console/session', { cache: 'no-store', credentials: 'same-origin' });
  if (!reply.ok) throw new ApiError(reply.status, (await reply.json().catch(() => ({}))) as Record<string, unknown>);
  return (await reply.json()) as Session;
}

export async function signIn(body: { tenant: string; token: string } | { code: string }): Promise<Session> {
  const reply = await fetch('/console/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    credentials: 'same-origin',
  }).catch(() => {
    throw new ApiError(0, {});
  });
  const answer = (await reply.json().catch(() => ({}))) as Record<string, unknown>;
  if (!reply.ok) throw new ApiError(reply.status, answer);
  return answer as unknown as Session;
}
