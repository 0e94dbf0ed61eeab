/**
 * `http`: passes requests to any HTTP API, with the account's credential.
 *
 * The upstream's response is returned whatever its status. For the service's health, a 5xx and a refused credential
 * (401) are failures and a 429 is a pause; everything else, including 403 and 404, is an answer.
 */
import { Readable } from 'node:stream';
import { judgeTokenRefusal, TokenRefused } from '../access-tokens.ts';
import { unsendable } from '../header-text.ts';
import type { Adapter, OpenReply, ProviderAccount, ProviderHttp, Verdict } from '../provider.ts';
import { retryAfterMs } from '../reading.ts';
import { credentialsOf, isSendable, secretSettings, secretsOf } from './auth/credentials.ts';
import { faultOfKeys, signRequest } from './auth/sign-request.ts';
import { createTokens, type Tokens } from './auth/tokens.ts';
import { httpFacts } from './facts.ts';
import { createEchoHider, type EchoHider } from './hide-echoes.ts';
import type { HttpInput, HttpOutput } from './operations.ts';
import { readStart } from './read-start.ts';
import { faultsOfSettings, httpConfigMembers, settingsOf } from './settings.ts';
import { targetUrl, withoutParameter, withParameter } from './target-url.ts';

const safeMethods: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS']);

const heldAnswer = { maxBytes: 64 * 1024, waitMs: 100 };
const heldRefusal = { maxBytes: 1024 * 1024, waitMs: 2_000 };

/** `now`: decides when a token is renewed. */
export function createHttpAdapter(now: () => number = Date.now): Adapter {
  const tools: Tools = { tokens: createTokens(now), now };

  return {
    name: 'http',
    serviceType: 'api',
    facts: httpFacts,
    defaultBaseUrl: null,
    faultsOf: faultsOfSettings,
    configMembers: httpConfigMembers,
    addressesOf({ config }) {
      const pathOf = (index: number) => (Array.isArray(config.auth) ? `config.auth[${index}]` : 'config.auth');
      return settingsOf(config).auths.flatMap((auth, index) =>
        auth.in === 'oauth2_client_credentials' || auth.in === 'oauth2_refresh_token'
          ? [{ path: `${pathOf(index)}.token_url`, url: auth.tokenUrl }]
          : [],
      );
    },
    secretsOf,

    attempts: {
      http: (input, account, http) => ask(tools, account, http, input),

      async health_check(_input, account, http) {
        const { healthPath } = settingsOf(account.config);
        const request = { query: '', headers: {}, body: null };
        const asked = { ...request, method: healthPath === null ? 'HEAD' : 'GET', path: healthPath ?? '' } as const;
        const verdict = await ask(tools, account, http, asked);
        // RFC 9110, 9.1: every server supports GET.
        const isHeadRefused = asked.method === 'HEAD' && [405, 501].includes(statusOf(verdict) ?? 0);
        return healthOf(isHeadRefused ? await ask(tools, account, http, { ...asked, method: 'GET' }) : verdict);
      },
    },
  };
}

interface Tools {
  readonly tokens: Tokens;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/**
 * If the API refuses a token that it may have revoked, the request is sent once more with a new one: a 401 means that
 * nothing was done.
 */
async function ask(
  tools: Tools,
  account: ProviderAccount,
  http: ProviderHttp,
  question: HttpInput,
): Promise<Verdict<HttpOutput>> {
  if (account.baseUrl === null) return { kind: 'denied', message: 'the service has no base URL' };
  if (!isSendable(account)) return unsendable;
  const fault = faultOfKeys(account);
  if (fault !== null) return { kind: 'denied', message: fault };
  try {
    const client = tools.tokens.of(account);
    if (client === null) return await judge(question, await send(tools, account, http, question, null));
    const token = await client.token(http);
    const sent = await send(tools, account, http, question, token);
    if (sent.reply.status !== 401) return await judge(question, sent);
    client.drop(token);
    // A streamed body cannot be sent again; the next request uses the new token.
    if (question.body instanceof Readable) return await judge(question, sent);
    const renewed = await client.token(http).catch((error: unknown) => {
      sent.reply.body.destroy();
      throw error;
    });
    if (renewed === token) return await judge(question, sent);
    sent.reply.body.destroy();
    return await judge(question, await send(tools, account, http, question, renewed));
  } catch (error) {
    if (error instanceof TokenRefused) return judgeTokenRefusal(error);
    throw error;
  }
}

interface Sent {
  readonly reply: OpenReply;
  readonly hider: EchoHider;
}

async function send(
  { now }: Tools,
  account: ProviderAccount,
  http: ProviderHttp,
  { method, path, query, headers, body }: HttpInput,
  token: string | null,
): Promise<Sent> {
  const settings = settingsOf(account.config);
  const credentials = credentialsOf(account, token);
  const inHeaders = credentials.flatMap(({ header }) => header ?? []);
  const inQuery = credentials.flatMap(({ parameter }) => parameter ?? []);
  for (const { value } of inHeaders) http.mask(value);
  const further = Object.entries(settings.query).map(([name, value]) => ({ name, value }));
  const ownQuery = [...further, ...inQuery].reduce(
    (before, { name, value }) => withParameter(before, name, value),
    query,
  );
  const unsigned = {
    method,
    url: targetUrl(account.baseUrl as string, path, ownQuery),
    headers: {
      ...headers,
      ...settings.headers,
      ...Object.fromEntries(inHeaders.map(({ name, value }) => [name, value])),
    },
    body,
  };
  const signed = signRequest(unsigned, account, now());
  for (const secret of signed.secrets) http.mask(secret);
  const lasting = [...credentials.flatMap(({ secrets }) => secrets), ...secretSettings(account.config, settings)];
  const hider = createEchoHider(lasting, signed.secrets);
  const reply = await http.open({
    method,
    url: signed.url,
    // A credential inside a compressed response could not be found.
    headers: { ...signed.headers, ...(hider.isNeeded ? { 'accept-encoding': 'identity' } : {}) },
    ...(body === null ? {} : { body }),
    idleMs: settings.idleTimeoutMs,
  });
  const keyNames = [...inQuery.map(({ name }) => name), ...signed.parameters];
  const shown = keyNames.reduce(withoutQuotedKey, reply);
  return { reply: hider.open(shown, method), hider };
}

/** A redirect or a link to the next page repeats the query, including the key in it. */
function withoutQuotedKey(reply: OpenReply, name: string): OpenReply {
  const headers: Record<string, string> = { ...reply.headers };
  for (const header of ['location', 'content-location', 'link']) {
    const value = headers[header];
    if (value === undefined) continue;
    headers[header] = value.replaceAll(/\?([^?#\s<>"]*)/g, (whole, query: string) => {
      const rest = withoutParameter(query, name);
      if (rest === query) return whole;
      return rest === '' ? '' : `?${rest}`;
    });
  }
  return { ...reply, headers };
}

function goesOnAtOnce(headers: Readonly<Record<string, string>>): boolean {
  return (
    Number(headers['content-length'] ?? 0) > heldAnswer.maxBytes ||
    /^text\/event-stream\b/i.test(headers['content-type'] ?? '')
  );
}

async function judge(question: HttpInput, { reply, hider }: Sent): Promise<Verdict<HttpOutput>> {
  const verdict = await meaningOf(question, reply);
  if (verdict.kind === 'ok') return { ...verdict, value: hider.answer(verdict.value) };
  if (!('passOn' in verdict) || verdict.passOn === undefined) return verdict;
  return { ...verdict, passOn: hider.answer(verdict.passOn) };
}

async function meaningOf(question: HttpInput, reply: OpenReply): Promise<Verdict<HttpOutput>> {
  const { status, headers } = reply;
  const isSafe = safeMethods.has(question.method);
  // Counts as a 5xx (RFC 9110, 15), and cannot be passed on as a response.
  if (status > 599) {
    reply.body.destroy();
    return { kind: 'failed', retryable: isSafe, message: `HTTP ${status}, which is no status` };
  }
  // A 304 has no body: its `Content-Length` is that of the caller's copy (RFC 9110, 8.6).
  if (status === 304) {
    reply.body.on('error', () => {}).resume();
    if (isUnasked304(question)) {
      return { kind: 'failed', retryable: isSafe, message: 'HTTP 304 to a request without a condition' };
    }
    return { kind: 'ok', value: { status, headers, body: Buffer.alloc(0) } };
  }
  const isRefusal = status >= 500 || status === 401 || status === 429;
  if (!isRefusal && goesOnAtOnce(headers)) return { kind: 'ok', value: reply };
  // Held in memory, so that it can be repeated or passed on; a body that is too long or too slow streams through.
  const start = await readStart(reply.body, isRefusal ? heldRefusal : heldAnswer);
  if (start.rest === null && !isRefusal) return { kind: 'ok', value: { status, headers, body: start.bytes } };
  if (start.rest !== null) return { kind: 'ok', value: { status, headers, body: start.rest } };
  const value: HttpOutput = { status, headers, body: start.bytes };
  if (status >= 500) return { kind: 'failed', retryable: isSafe, message: `HTTP ${status}`, passOn: value };
  if (status === 401) {
    // The upstream may refuse only this path, so a single 401 does not mark the service as unhealthy.
    const message = 'the credential is refused (HTTP 401)';
    return { kind: 'failed', retryable: false, message, passOn: value, isCallersOwn: true };
  }
  return { kind: 'throttled', retryAfterMs: retryAfterMs({ headers }), message: 'HTTP 429', passOn: value };
}

/** A 304 says that the caller has the answer, but this request was not conditional (RFC 9110, 15.4.5). */
function isUnasked304({ method, headers }: HttpInput): boolean {
  return (method === 'GET' || method === 'HEAD') && !Object.keys(headers).some((name) => name.startsWith('if-'));
}

function statusOf(verdict: Verdict<HttpOutput>): number | null {
  if (verdict.kind === 'ok') return verdict.value.status;
  return 'passOn' in verdict ? (verdict.passOn?.status ?? null) : null;
}

/** The health verdict of a probe; its body is not read. */
function healthOf(verdict: Verdict<HttpOutput>): Verdict<Record<string, never>> {
  if (verdict.kind === 'ok') {
    if (verdict.value.body instanceof Readable) verdict.value.body.destroy();
    return { kind: 'ok', value: {} };
  }
  if (verdict.kind !== 'failed' && verdict.kind !== 'throttled') return verdict;
  const { passOn: _forNobody, ...judged } = verdict;
  return judged;
}

export const httpAdapter: Adapter = createHttpAdapter();
