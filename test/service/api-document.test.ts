/** The document of the API, of all routes together: what validators and client generators refuse. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';

interface Operation {
  readonly operationId: string;
  readonly parameters?: readonly { readonly name: string; readonly in: string }[];
  readonly responses: Readonly<Record<string, unknown>>;
}

test('no operation declares a parameter twice, lacks one of its path, or says nothing of success', async (t) => {
  const app = await startTestService(t);
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const ids = new Set<string>();
  for (const [path, methods] of Object.entries(document.paths)) {
    const inPath = [...path.matchAll(/\{([^}]*)\}/g)].map(([, name]) => name);
    for (const [method, { operationId, parameters = [], responses }] of Object.entries(methods)) {
      const where = `${method} ${path}`;
      const names = parameters.map((one) => `${one.in} ${one.name}`);
      assert.deepEqual([...new Set(names)], names, where);
      assert.deepEqual(
        parameters
          .filter((one) => one.in === 'path')
          .map(({ name }) => name)
          .sort(),
        inPath.sort(),
        where,
      );
      assert.ok(
        inPath.every((name) => /^\w+$/.test(name ?? '')),
        where,
      );
      assert.ok(
        Object.keys(responses).some((status) => status.startsWith('2')),
        where,
      );
      assert.ok(!ids.has(operationId), `${where}: ${operationId}`);
      ids.add(operationId);
    }
  }
});

test('every answer of webhooks is described: to senders, and where a secret or an address is shown once', async (t) => {
  const app = await startTestService(t);
  const document = (await (await fetch(`${app.url}/openapi.json`)).json()) as {
    paths: Record<string, Record<string, Operation>>;
  };
  const undescribed = Object.entries(document.paths).flatMap(([path, methods]) =>
    /\/(web)?hooks\b/.test(path)
      ? Object.entries(methods).flatMap(([method, { responses }]) => ('2XX' in responses ? [`${method} ${path}`] : []))
      : [],
  );
  assert.deepEqual(undescribed, []);
});
