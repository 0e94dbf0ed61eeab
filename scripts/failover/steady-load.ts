/**
 * Sends deliveries and calls at a steady rate, regardless of earlier answers, and remembers which were acknowledged.
 */
import { createHmac, randomUUID } from 'node:crypto';
import { homeAddress } from '../../test/support/vendors.ts';

export interface LoadPlan {
  readonly urls: readonly string[];
  readonly tenant: string;
  readonly token: string;
  /** The path of the webhook's URL. */
  readonly hookPath: string;
  readonly secret: string;
  readonly webhooksPerSecond: number;
  readonly callsPerSecond: number;
}

/** The results of one kind of request. */
export interface Tally {
  sent: number;
  /** Due but not sent, because too many requests were in flight and the generator would have measured itself. */
  heldBack: number;
  readonly latenciesMs: number[];
  /** Ids of requests that got 200, with the time of the answer (Unix milliseconds). */
  readonly acknowledged: Map<string, number>;
  readonly refused: Map<string, number>;
  readonly refusedAtMs: number[];
}

export interface SteadyLoad {
  /** By the event id that the service returned. */
  readonly webhooks: Tally;
  /** By request id. */
  readonly calls: Tally;
  /** Stops sending, and resolves when every request has its answer. */
  stop(): Promise<void>;
}

const tickMs = 20;
const answerDeadlineMs = 30_000;
/**
 * Maximum in flight of each kind: more would measure the generator, and slow webhooks must not take the calls' places.
 */
const maxInHand = 1_000;

export function startSteadyLoad(plan: LoadPlan): SteadyLoad {
  const tally = (): Tally => ({
    ...{ sent: 0, heldBack: 0, latenciesMs: [] },
    ...{ acknowledged: new Map(), refused: new Map(), refusedAtMs: [] },
  });
  const [webhooks, calls] = [tally(), tally()];
  const inHand = { webhooks: new Set<Promise<void>>(), calls: new Set<Promise<void>>() };
  const startedAtMs = performance.now();
  const urlOf = (number: number): string => plan.urls[number % plan.urls.length] as string;

  const send = (kind: Tally, ofKind: Set<Promise<void>>, request: () => Promise<string>): void => {
    kind.sent += 1;
    const sentAtMs = performance.now();
    const sending = request()
      .then((id) => {
        kind.acknowledged.set(id, Date.now());
        kind.latenciesMs.push(performance.now() - sentAtMs);
      })
      .catch((error: Error) => {
        kind.refused.set(error.message, (kind.refused.get(error.message) ?? 0) + 1);
        kind.refusedAtMs.push(Date.now());
      })
      .finally(() => ofKind.delete(sending));
    ofKind.add(sending);
  };
  const timer = setInterval(() => {
    const seconds = (performance.now() - startedAtMs) / 1_000;
    const isDue = (kind: Tally, ofKind: ReadonlySet<unknown>, perSecond: number): boolean => {
      const due = Math.floor(seconds * perSecond) - kind.sent - kind.heldBack;
      if (due > 0 && ofKind.size >= maxInHand) kind.heldBack += due;
      return due > 0 && ofKind.size < maxInHand;
    };
    while (isDue(webhooks, inHand.webhooks, plan.webhooksPerSecond)) {
      const number = webhooks.sent;
      send(
        webhooks,
        inHand.webhooks,
        async () => (await deliver(plan, urlOf(number), `delivery-${number}`)).event_id as string,
      );
    }
    while (isDue(calls, inHand.calls, plan.callsPerSecond)) {
      const number = calls.sent;
      send(calls, inHand.calls, () => geocode(plan, urlOf(number), homeAddress(number)));
    }
  }, tickMs);

  return {
    webhooks,
    calls,
    async stop() {
      clearInterval(timer);
      await Promise.all([...inHand.webhooks, ...inHand.calls]);
    },
  };
}

/** Sends one signed delivery and returns its answer. Throws if the status is not 200. */
export async function deliver(
  { hookPath, secret }: Pick<LoadPlan, 'hookPath' | 'secret'>,
  url: string,
  id: string,
): Promise<Record<string, unknown>> {
  const body = JSON.stringify({ id, type: 'order.paid', filler: 'x'.repeat(200) });
  const signature = createHmac('sha256', secret).update(body).digest('hex');
  return post(`${url}${hookPath}`, body, { 'x-webhook-signature': signature });
}

async function geocode({ tenant, token }: LoadPlan, url: string, address: string): Promise<string> {
  const requestId = randomUUID();
  await post(`${url}/api/v1/geocoding/geocode`, JSON.stringify({ address }), {
    'x-management-company-id': tenant,
    'x-service-token': token,
    'x-request-id': requestId,
  });
  return requestId;
}

/** Throws an error with the status if the answer is not 200. */
async function post(url: string, body: string, headers: Record<string, string>): Promise<Record<string, unknown>> {
  const reply = await fetch(url, {
    method: 'POST',
    body,
    headers: { 'content-type': 'application/json', ...headers },
    signal: AbortSignal.timeout(answerDeadlineMs),
  }).catch((error: Error) => {
    throw new Error(error.name === 'TimeoutError' ? 'no answer in 30 s' : 'connection lost');
  });
  const answer = (await reply.json()) as Record<string, unknown>;
  if (reply.status !== 200) throw new Error(`${reply.status} ${answer.code}: ${answer.detail}`);
  return answer;
}
