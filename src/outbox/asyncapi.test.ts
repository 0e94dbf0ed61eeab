import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleEvent } from '../../test/support/intake-samples.ts';
import { renderAsyncApi } from './asyncapi.ts';
import { sealEnvelope } from './envelope.ts';
import { eventTypes } from './events.ts';

interface Document {
  readonly channels: Record<string, { address: string; messages: Record<string, { $ref: string }> }>;
  readonly operations: Record<string, { channel: { $ref: string }; messages: { $ref: string }[] }>;
  readonly components: {
    messages: Record<string, { payload: { properties: Record<string, unknown>; required: string[] } }>;
  };
}
const rendered = renderAsyncApi('1.2.3') as unknown as Document;

function lookUp(reference: string): unknown {
  return reference
    .slice(2)
    .split('/')
    .reduce<unknown>((value, key) => (value as Record<string, unknown>)[key], rendered);
}

test('every event type is a channel with its routing key', () => {
  assert.deepEqual(
    Object.values(rendered.channels).map(({ address }) => address),
    [...eventTypes],
  );
});

test('every reference resolves', () => {
  const references = [...JSON.stringify(rendered).matchAll(/"\$ref":"([^"]+)"/g)].map(
    ([, reference]) => reference ?? '',
  );
  assert.equal(references.length, eventTypes.length * 3);
  for (const reference of references) assert.notEqual(lookUp(reference), undefined, reference);
});

test('a real event has exactly the members that the document requires', () => {
  const body = JSON.parse(sealEnvelope(sampleEvent()).body);
  const schema = rendered.components.messages.integration_request_sent?.payload;
  assert.deepEqual(Object.keys(body).toSorted(), schema?.required.toSorted());
});
