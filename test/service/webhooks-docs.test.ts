/** Runs the commands of docs/webhooks.md in a shell. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startTestService } from '../support/service.ts';
import { waitFor } from '../support/wait-for.ts';

const text = readFileSync(join(import.meta.dirname, '../../docs/webhooks.md'), 'utf8');

/** The commands, with the test's own service, tenant and token instead of those of a first start. */
function blocks(url: string, tenant: string, adminToken: string): string[] {
  return [...text.matchAll(/```bash\n(.*?)```/gs)].map(([, block = '']) =>
    block
      .replaceAll('http://localhost:8006', url)
      .replaceAll('uk_company_1', tenant)
      .replace(/\$\(npm run -s cli -- token create --admin\)/, adminToken),
  );
}

test('the commands of the page work: create, sign, post, see the event, look up the refusal', async (t) => {
  const app = await startTestService(t, { PUBLIC_BASE_URL: 'http://public.example' });
  const shown = blocks(app.url, app.tenant, app.adminToken);
  assert.equal(shown.length, 6);
  const [setup = '', stream = '', create = '', post = '', tamper = '', lookUp = ''] = shown;
  const children: ChildProcess[] = [];
  t.after(() => {
    for (const child of children) child.kill('SIGKILL');
  });
  const paste = (script: string): { output(): string; child: ChildProcess } => {
    // `exec` replaces the shell with its last command, so that killing it ends the stream.
    const child = spawn('bash', ['-c', script]);
    children.push(child);
    let output = '';
    for (const out of [child.stdout, child.stderr]) {
      out.on('data', (chunk) => {
        output += chunk;
      });
    }
    return { child, output: () => output };
  };

  const watching = paste(`${setup}\nexec ${stream}`);
  await waitFor('the stream to open', () => watching.output().includes('retry:'));
  // The public address is for senders; in this test nothing listens there.
  const local = create.replace('echo "$WEBHOOK_URL"', `WEBHOOK_URL=${app.url}/api/v1/hooks/\${WEBHOOK_URL##*/}`);
  const working = paste([setup, local, post, post, tamper, lookUp].join('\n'));
  await once(working.child, 'close');
  const lines = working.output().trim().split('\n');
  assert.equal(lines.length, 4, working.output());
  const [accepted, duplicate, refused, list] = lines.map((line) => JSON.parse(line));
  assert.equal(accepted.status, 'accepted');
  assert.deepEqual(duplicate, { status: 'duplicate', event_id: accepted.event_id });
  assert.deepEqual([refused.status, refused.code], [401, 'UNAUTHORIZED']);
  assert.deepEqual([list.events[0].refusal_reason, list.events.length], ['wrong_signature', 1]);
  await waitFor('the event in the stream', () => watching.output().includes(accepted.event_id));
  assert.match(watching.output(), /"webhook_event_type":"order\.paid"/);
  // Byte by byte as it was sent.
  assert.match(watching.output(), /"payload":\{"type": "order\.paid", "event_id": "order-17-paid", "total": 120000\}/);
  assert.equal(watching.output().split('event: integration.webhook.received').length, 2, 'once');
});
