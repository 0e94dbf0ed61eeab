import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { errorCodes, ServiceError } from '../../errors.ts';
import { IntakeFull } from '../../intake/intake.ts';
import { StoreAway } from '../../storage/redis/shared-store.ts';
import { problemByCode, problemOf, problemType } from './problem.ts';

const context = { requestId: 'r1', instance: '/x' };

test('docs/errors.md lists exactly the codes there are, with their statuses', () => {
  const text = readFileSync(join(import.meta.dirname, '../../../docs/errors.md'), 'utf8');
  const documented = [...text.matchAll(/^\| `([A-Z_]+)` \| (\d{3}) \|/gm)].map(([, code, status]) => [
    code,
    Number(status),
  ]);
  assert.deepEqual(
    documented,
    errorCodes.map((code) => [code, problemByCode[code].status]),
  );
});

test('a problem has the members of RFC 9457 and ours, and an extra cannot replace them', () => {
  const { body, headers, status } = problemOf(
    new ServiceError('PROVIDER_ERROR', 'Nobody answered.', {
      provider: 'google_maps',
      retryAfterSeconds: 0.2,
      extra: { attempts: [{ provider: 'google_maps', outcome: 'failed', message: 'HTTP 500' }], code: 'X', status: 1 },
    }),
    context,
  );
  assert.deepEqual(body, {
    type: 'urn:integration-service:problem:provider-error',
    title: 'The provider did not answer usably',
    status: 502,
    detail: 'Nobody answered.',
    instance: '/x',
    code: 'PROVIDER_ERROR',
    request_id: 'r1',
    provider: 'google_maps',
    attempts: [{ provider: 'google_maps', outcome: 'failed', message: 'HTTP 500' }],
  });
  assert.deepEqual([status, headers['retry-after']], [502, '1']);
});

test('a problem begins with the members of RFC 9457, in their order, then ours, then what the error adds', () => {
  const error = new ServiceError('INVALID_REQUEST', 'No.', {
    provider: 'google_maps',
    errors: [{ path: 'body', message: 'is wrong' }],
    extra: { attempts: [], detail: 'another' },
  });
  assert.deepEqual(
    Object.keys(problemOf(error, context).body),
    'type title status detail instance code request_id errors provider attempts'.split(' '),
  );
});

test("a provider's own refusal keeps its status", () => {
  assert.equal(problemOf(new ServiceError('INVALID_REQUEST', 'x', { status: 404 }), context).status, 404);
});

test('a full intake and an absent store are 503, and anything unknown is ours', () => {
  assert.equal(problemOf(new IntakeFull('spool_full'), context).status, 503);
  assert.equal(problemOf(new StoreAway(), context).status, 503);
  const diskFull = Object.assign(new Error('could not extend file: No space left on device'), { code: '53100' });
  assert.equal(problemOf(diskFull, context).status, 503);
  for (const thrown of ['text', null, undefined, 7, new TypeError('x'), { statusCode: 418 }]) {
    assert.equal(problemOf(thrown, context).body.code, 'INTERNAL_ERROR');
  }
});

test('a part of the path that is too long is named, and no fault of ours', () => {
  const thrown = Object.assign(new URIError("'aaa' is exceeding the max param length"), {
    code: 'FST_ERR_MAX_PARAM_LENGTH',
    statusCode: 414,
  });
  const { status, body } = problemOf(thrown, context);
  assert.equal(status, 400);
  assert.deepEqual(body.errors, [{ path: 'path', message: 'has a part that is longer than any id or name' }]);
});

test('every code has its own type', () => {
  assert.equal(new Set(errorCodes.map(problemType)).size, errorCodes.length);
});
