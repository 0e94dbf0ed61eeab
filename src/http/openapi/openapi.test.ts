import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { describeApi } from './openapi.ts';

async function register(url: string, schema: object): Promise<void> {
  const app = Fastify();
  await describeApi(app, 'http://localhost:8006', false);
  app.get(url, { schema }, async () => null);
  await app.close();
}

test('a route of the API that the document would not show does not start', async () => {
  const described = { tags: ['sheets'], summary: 'Read' };
  await register('/api/v1/x', described);
  await register('/health/x', {});
  for (const hidden of [{}, { ...described, tags: [] }, { ...described, hide: true }, { tags: ['sheets'] }]) {
    await assert.rejects(register('/api/v1/x', hidden), /\/api\/v1\/x would not be in the API's document/);
  }
});
