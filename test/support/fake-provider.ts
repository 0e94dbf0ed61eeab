/** A provider over real HTTP with scripted answers, and its adapter. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Place } from '../../src/providers/geocoding.ts';
import { httpFacts } from '../../src/providers/http/facts.ts';
import type { Adapter, Verdict } from '../../src/providers/provider.ts';
import type { Cleanup } from './cleanup.ts';

type Behaviour = (request: IncomingMessage, response: ServerResponse) => void;

export interface FakeProvider {
  readonly url: string;
  /** The number of requests so far. */
  requests(): number;
  /** Sets the answer to all further requests. */
  behave(behaviour: Behaviour): void;
  /** Further requests wait until the returned function is called, and then get the current answer. */
  hold(): () => void;
}

export const answerWith =
  (status: number, body: string, headers: Record<string, string> = {}): Behaviour =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(body);
  };
export const answerPlace = (confidence = 0.9, name = 'Found'): Behaviour =>
  answerWith(200, JSON.stringify({ confidence, name }));
export const answerNothing: Behaviour = answerWith(200, '{"nothing":true}');
export const resetConnection: Behaviour = (request) => request.socket.resetAndDestroy();
export const neverAnswer: Behaviour = () => {};

export async function startFakeProvider(t: Cleanup, behaviour: Behaviour = answerPlace()): Promise<FakeProvider> {
  let behave = behaviour;
  let count = 0;
  let gate: Promise<void> | null = null;
  const server = createServer((request, response) => {
    count += 1;
    request.resume();
    if (gate === null) behave(request, response);
    else void gate.then(() => behave(request, response));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests: () => count,
    behave(next) {
      behave = next;
    },
    hold() {
      const { promise, resolve } = Promise.withResolvers<void>();
      gate = promise;
      return () => {
        gate = null;
        resolve();
      };
    },
  };
}

/** Reads the fake's replies like a vendor's adapter: by status and body. */
export const fakeAdapter: Adapter = {
  name: 'fake',
  serviceType: 'geocoding',
  facts: httpFacts,
  defaultBaseUrl: null,
  secretsOf: (account) => (account.apiKey === null ? [] : [account.apiKey]),
  attempts: {
    async geocode(input, account, http): Promise<Verdict<Place>> {
      const reply = await http.send({
        method: 'GET',
        url: `${account.baseUrl}/geocode?address=${encodeURIComponent(input.address)}&key=${account.apiKey}`,
      });
      if (reply.status === 400) return { kind: 'bad_input', status: 400, message: 'the address is no address' };
      if (reply.status === 403) return { kind: 'denied', message: 'the key is refused' };
      if (reply.status === 429) {
        const seconds = Number(reply.headers['retry-after'] ?? Number.NaN);
        return { kind: 'throttled', retryAfterMs: Number.isNaN(seconds) ? null : seconds * 1000, message: 'too many' };
      }
      if (reply.status >= 500) return { kind: 'failed', retryable: true, message: `it answered ${reply.status}` };
      return readPlace(reply.body);
    },
  },
};

function readPlace(body: Buffer): Verdict<Place> {
  try {
    const found = JSON.parse(body.toString()) as { nothing?: boolean; confidence: number; name: string };
    if (found.nothing === true) return { kind: 'empty' };
    return { kind: 'ok', value: placeOf(found.name, found.confidence) };
  } catch {
    return { kind: 'failed', retryable: false, message: 'it answered with no JSON' };
  }
}

export function placeOf(name: string, confidence: number): Place {
  const nowhere = { street: null, house_number: null, district: null, city: null, region: null, postal_code: null };
  return {
    latitude: 41.3,
    longitude: 69.2,
    formatted_address: name,
    confidence,
    location_type: 'ROOFTOP',
    address_components: [],
    components: { ...nowhere, country: null, country_code: null },
    place_id: null,
    partial_match: false,
  };
}
