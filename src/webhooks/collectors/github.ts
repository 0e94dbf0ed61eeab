/**
 * GitHub never retries a delivery by itself, but lists those of the last days and sends one again on request, under the
 * same `X-GitHub-Delivery`, so that a delivery which arrived after all is a duplicate here.
 *
 * Source: GitHub REST API, "Repository webhooks: list deliveries, redeliver a delivery"; "Handling failed webhook
 * deliveries".
 */
import type { Clock } from '../../clock.ts';
import type { Outbound } from '../../outbound/http-client.ts';
import { type CollectorCall, callSender } from './call-sender.ts';
import { numberText } from './exact-json.ts';

export interface GithubHook {
  /** An origin with an optional path; default: the public API. */
  readonly baseUrl: string | null;
  /** `owner/repository`, or an organisation. */
  readonly repository: string;
  readonly hookId: number;
  readonly token: string;
}

export interface GithubCollection {
  /** Deliveries of the last three days without a successful attempt. */
  readonly missed: number;
  readonly redelivered: number;
}

interface ListedDelivery {
  /** Digits: these ids have outgrown a double's 53 bits (octokit/request.js, issue 797). */
  readonly id: string;
  readonly guid: string;
  readonly deliveredAtMs: number;
  readonly succeeded: boolean;
}

const lookBackMs = 3 * 86_400_000;
const perPage = 100;
const maxPages = 30;
/** After so many failures, another attempt does not help. */
const maxTriesPerDelivery = 5;
/** A delivery that failed just now may already be retried. */
const settledAfterMs = 60_000;
const maxRedeliveriesPerRun = 100;

/** Throws `CollectorRefused` if GitHub refuses the request, and `TransportError` if it does not answer. */
export async function collectFromGithub(
  deps: { readonly outbound: Pick<Outbound, 'request'>; readonly clock: Clock },
  hook: GithubHook,
): Promise<GithubCollection> {
  const base = (hook.baseUrl ?? 'https://api.github.com').replace(/\/+$/, '');
  const owner = hook.repository.includes('/') ? `repos/${hook.repository}` : `orgs/${hook.repository}`;
  const deliveriesUrl = `${base}/${owner}/hooks/${hook.hookId}/deliveries`;
  const call = (method: CollectorCall['method'], url: string) =>
    callSender(deps.outbound, {
      method,
      url,
      headers: {
        authorization: `Bearer ${hook.token}`,
        accept: 'application/vnd.github+json',
        'x-github-api-version': '2022-11-28',
      },
    });

  const tries = new Map<string, ListedDelivery[]>();
  const oldestMs = deps.clock.now() - lookBackMs;
  let next: string | null = `${deliveriesUrl}?per_page=${perPage}`;
  for (let page = 0; page < maxPages && next !== null; page += 1) {
    const reply = await call('GET', next);
    const listed = Array.isArray(reply.json) ? reply.json.flatMap(parseDelivery) : [];
    for (const delivery of listed) tries.set(delivery.guid, [...(tries.get(delivery.guid) ?? []), delivery]);
    const isOldEnough = listed.some(({ deliveredAtMs }) => deliveredAtMs < oldestMs);
    next = isOldEnough ? null : nextPageOf(reply.headers.link, deliveriesUrl);
  }

  const missed = [...tries.values()].filter(
    (all) => all.every(({ succeeded }) => !succeeded) && all.some(({ deliveredAtMs }) => deliveredAtMs >= oldestMs),
  );
  let redelivered = 0;
  for (const all of missed) {
    const latest = all.reduce((late, one) => (one.deliveredAtMs > late.deliveredAtMs ? one : late));
    if (all.length >= maxTriesPerDelivery || deps.clock.now() - latest.deliveredAtMs < settledAfterMs) continue;
    if (redelivered >= maxRedeliveriesPerRun) break;
    await call('POST', `${deliveriesUrl}/${latest.id}/attempts`);
    redelivered += 1;
  }
  return { missed: missed.length, redelivered };
}

function parseDelivery(value: unknown): ListedDelivery[] {
  const { id: number, guid, delivered_at, status_code } = (value ?? {}) as Record<string, unknown>;
  const id = numberText(number);
  const deliveredAtMs = typeof delivered_at === 'string' ? Date.parse(delivered_at) : Number.NaN;
  if (id === null || !/^\d+$/.test(id) || typeof guid !== 'string' || Number.isNaN(deliveredAtMs)) return [];
  const succeeded = typeof status_code === 'number' && status_code >= 200 && status_code < 300;
  return [{ id, guid, deliveredAtMs, succeeded }];
}

/**
 * `<…?cursor=…>; rel="next"`. Only the cursor is used, so that the token goes to no other address than the configured
 * one.
 */
function nextPageOf(link: string | undefined, deliveriesUrl: string): string | null {
  const url = /<([^<>]{1,2000})>;\s{0,8}rel="next"/.exec(link ?? '')?.[1];
  const cursor = url === undefined || !URL.canParse(url) ? null : new URL(url).searchParams.get('cursor');
  return cursor === null ? null : `${deliveriesUrl}?per_page=${perPage}&cursor=${encodeURIComponent(cursor)}`;
}
