import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';

async function runEmulator(t: TestContext, args: readonly string[]) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'main.ts'), ...args]);
  t.after(() => child.kill('SIGKILL'));
  const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code, out, err };
}

test('the emulator prints its usage, and a sentence for each invalid option', async (t) => {
  const helped = await runEmulator(t, ['--help']);
  assert.deepEqual([helped.code, helped.err], [0, '']);
  assert.match(helped.out, /--data-dir DIR/);
  for (const args of [['--bogus'], ['--port', 'nine'], ['--port', '70000']]) {
    const { code, out, err } = await runEmulator(t, args);
    assert.deepEqual([code, out], [2, ''], args.join(' '));
    assert.match(err, /^(?:Unknown option|--port must).*\n\nUsage: /, args.join(' '));
  }
});

test('a port in use is reported in one line', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  t.after(() => holder.close());
  await once(holder, 'listening');
  const { port } = holder.address() as { port: number };
  const { code, err } = await runEmulator(t, ['--port', String(port)]);
  assert.equal(code, 1);
  assert.match(err, /^The emulator cannot start: .*EADDRINUSE.*\n$/);
});
