import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';

/** Runs `code` in a process with a logger, and returns what it writes to stderr. */
function linesOf(code: string): Record<string, unknown>[] {
  const source = `import { createLogger } from '${new URL('./logger.ts', import.meta.url).href}';
    const logger = createLogger('info'); ${code}`;
  const { stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', source], { encoding: 'utf8' });
  return stderr
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

test('buffered lines are written when the process ends', () => {
  const lines = linesOf(`for (let n = 0; n < 10; n++) logger.info({ n }, 'line'); process.exit(0);`);
  assert.deepEqual(
    lines.map(({ n }) => n),
    Array.from({ length: 10 }, (_, n) => n),
  );
});

test('a secret in an object that was logged whole is masked, and other members are not', () => {
  const [line] = linesOf(`logger.info({ account: { name: 'a', api_key: 'canary', token: 'canary' }, n: 1 }, 'line');`);
  assert.deepEqual(line?.account, { name: 'a', api_key: '[masked]', token: '[masked]' });
  assert.equal(line?.n, 1);
});

test('an error is logged with its causes and without its other members', () => {
  const [line] = linesOf(
    `logger.error({ err: Object.assign(new Error('outer', { cause: new Error('inner') }), { row: 'canary' }) }, 'failed');`,
  );
  const error = line?.err as { message: string; cause: { message: string } };
  assert.deepEqual([error.message, error.cause.message], ['outer', 'inner']);
  assert.ok(!JSON.stringify(line).includes('"row"'));
});

test('the line of a request has the format that pino would write', () => {
  const line = `{ requestId: 'r-1', method: 'GET', route: '/a/:id', status: 200, durationMs: 1.2345, tenantId: 'uk_1', failure: null }`;
  const [own, pinos] = linesOf(
    `const { createRequestLog } = await import('./src/logger.ts');
    createRequestLog(logger)(${line});
    logger.info({ req_id: 'r-1', method: 'GET', route: '/a/:id', status: 200, duration_ms: 1.23, tenant: 'uk_1' }, 'request');`,
  );
  assert.match(String(own?.time), /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
  assert.deepEqual(Object.keys(own ?? {}), Object.keys(pinos ?? {}));
  assert.deepEqual({ ...own, time: null }, { ...pinos, time: null });
});

test('above level info, requests are not logged', () => {
  const lines = linesOf(
    `const { createRequestLog } = await import('./src/logger.ts');
    logger.level = 'warn';
    createRequestLog(logger)({ requestId: 'r', method: 'GET', route: '/', status: 200, durationMs: 1, tenantId: undefined, failure: null });`,
  );
  assert.deepEqual(lines, []);
});

test('the line of a failed request has the error that the caller got, and each cause once', () => {
  const [line] = linesOf(
    `const { createRequestLog } = await import('./src/logger.ts');
    const cause = new Error('the issuer says "no"', { cause: new Error('connect ECONNREFUSED', { cause: new Error('connect ECONNREFUSED') }) });
    createRequestLog(logger)({ requestId: 'r', method: 'GET', route: '/', status: 503, durationMs: 1, tenantId: undefined,
      failure: { code: 'SERVICE_UNAVAILABLE', detail: 'a "quoted"\\nline', cause } });`,
  );
  assert.deepEqual([line?.code, line?.detail], ['SERVICE_UNAVAILABLE', 'a "quoted"\nline']);
  assert.equal(line?.cause, 'the issuer says "no": connect ECONNREFUSED');
  assert.equal(line?.msg, 'request');
});
