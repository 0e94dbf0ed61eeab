/** Tests the verdict of each recorded reply of Google. */
import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { maskMessage } from '../../audit/mask.ts';
import type { ProviderReply, Verdict } from '../provider.ts';
import { judgeRefusal } from './verdicts.ts';

const directory = new URL('../../../../shared/fixtures/google-sheets/', import.meta.url);
const advice = 'share the spreadsheet with robot@project.iam.gserviceaccount.com';

const expected: Record<string, Partial<Verdict<never>>> = {
  error_400_bad_field_mask: { kind: 'bad_input', status: 400 },
  error_400_batch_update_request_index: { kind: 'bad_input', status: 400 },
  error_400_unable_to_parse_range: { kind: 'bad_input', status: 400, message: 'Unable to parse range: NOPE!A5:F15' },
  error_400_values_not_a_list_with_field_violations: { kind: 'bad_input', status: 400 },
  error_403_caller_does_not_have_permission: {
    kind: 'bad_input',
    status: 403,
    message: `The caller does not have permission: ${advice}`,
  },
  error_403_insufficient_scopes: { kind: 'denied' },
  error_403_service_disabled: { kind: 'denied' },
  error_404_not_found: { kind: 'bad_input', status: 404 },
  error_429_html_automated_queries: { kind: 'throttled', retryAfterMs: 120_000 },
  error_429_read_quota_per_user: { kind: 'throttled', retryAfterMs: 2_000 },
  google_front_end_404_html: { kind: 'failed', retryable: false },
};

if (!existsSync(directory)) {
  test('recorded refusals', { skip: 'the recorded fixtures are not there' }, () => {});
} else {
  test('every recorded refusal keeps Google’s meaning', () => {
    const judged = new Set<string>();
    for (const file of readdirSync(directory).filter((name) => name.endsWith('.json'))) {
      const { case: name, response } = JSON.parse(readFileSync(new URL(file, directory), 'utf8'));
      if (response.status === 200 || name === 'oauth_tokeninfo_stale_400') continue;
      const body = response.bodyText ?? JSON.stringify(response.body);
      const reply: ProviderReply = { status: response.status, headers: response.headers, body: Buffer.from(body) };
      assert.deepEqual(
        { ...judgeRefusal(reply, true, advice), ...expected[name] },
        judgeRefusal(reply, true, advice),
        name,
      );
      judged.add(name);
    }
    assert.deepEqual([...judged].sort(), Object.keys(expected).sort());
  });
}

const errorInfo = (domain: string, reason: string) => ({ details: [{ domain, reason }] });
const oldError = (domain: string, reason: string) => ({ errors: [{ domain, reason }] });
const forbidden: readonly { readonly says: string; readonly error: object; readonly kind: string }[] = [
  { says: 'nothing more', error: {}, kind: 'bad_input' },
  { says: 'a reason of the file', error: errorInfo('sheets.googleapis.com', 'FILE_LOCKED'), kind: 'bad_input' },
  { says: 'a reason of IAM', error: errorInfo('iam.googleapis.com', 'IAM_PERMISSION_DENIED'), kind: 'bad_input' },
  { says: 'that no storage is left', error: oldError('usageLimits', 'storageQuotaExceeded'), kind: 'bad_input' },
  { says: 'forbidden', error: oldError('global', 'forbidden'), kind: 'bad_input' },
  { says: 'that the API is off', error: errorInfo('googleapis.com', 'SERVICE_DISABLED'), kind: 'denied' },
  { says: 'that billing is off', error: errorInfo('googleapis.com', 'BILLING_DISABLED'), kind: 'denied' },
  { says: 'that a scope is missing', error: oldError('global', 'insufficientPermissions'), kind: 'denied' },
  { says: 'so in its older words', error: oldError('usageLimits', 'accessNotConfigured'), kind: 'denied' },
  { says: 'that a quota is spent', error: errorInfo('googleapis.com', 'RATE_LIMIT_EXCEEDED'), kind: 'throttled' },
  { says: 'so in its older words', error: oldError('usageLimits', 'userRateLimitExceeded'), kind: 'throttled' },
];

for (const { says, error, kind } of forbidden) {
  test(`a 403 that says ${says}, ${JSON.stringify(error)}, is ${kind}`, () => {
    const body = JSON.stringify({ error: { code: 403, status: 'PERMISSION_DENIED', message: 'No.', ...error } });
    assert.equal(judgeRefusal({ status: 403, headers: {}, body: Buffer.from(body) }, true, advice).kind, kind);
  });
}

test('after a server’s fault a read is repeated and an append’s outcome is unknown', () => {
  const reply = (status: number): ProviderReply => ({ status, headers: {}, body: Buffer.from('<html>') });
  assert.deepEqual(judgeRefusal(reply(503), true, null), {
    kind: 'failed',
    retryable: true,
    message: 'Google answered 503',
  });
  assert.equal(judgeRefusal(reply(503), false, null).kind, 'unknown_outcome');
  const impatient = judgeRefusal(reply(504), false, null);
  assert.equal(impatient.kind === 'unknown_outcome' && impatient.settled, false);
});

test('what met another change is asked again, and what is too large is its caller’s', () => {
  const aborted = { error: { code: 409, status: 'ABORTED', message: 'The operation was aborted.' } };
  const reply: ProviderReply = { status: 409, headers: {}, body: Buffer.from(JSON.stringify(aborted)) };
  assert.deepEqual(judgeRefusal(reply, true, null), {
    kind: 'failed',
    retryable: true,
    message: 'Google answered 409',
  });
  assert.deepEqual(judgeRefusal(reply, false, null), {
    kind: 'unknown_outcome',
    settled: true,
    message: 'Google answered 409',
  });
  const large = judgeRefusal({ status: 413, headers: {}, body: Buffer.from('<html>') }, true, null);
  assert.equal(large.kind === 'bad_input' && large.status, 400);
});

test('what Google says of a refused token stays readable when secrets are masked', () => {
  const body = JSON.stringify({ error: { code: 401, message: 'Request had invalid authentication credentials.' } });
  const verdict = judgeRefusal({ status: 401, headers: {}, body: Buffer.from(body) }, true, null);
  const message = 'message' in verdict ? verdict.message : '';
  assert.match(message, /Request had invalid authentication credentials/);
  assert.equal(maskMessage(message, []), message);
});
