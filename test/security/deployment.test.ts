/** What is deployed gives the service no more than it needs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';

const root = join(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface ComposeService {
  readonly environment?: Readonly<Record<string, string>>;
  readonly command?: readonly string[];
  readonly read_only?: boolean;
  readonly cap_drop?: readonly string[];
  readonly security_opt?: readonly string[];
  readonly ports?: readonly string[];
  readonly privileged?: boolean;
}
const { services } = parse(read('deploy/compose.yaml'), { merge: true }) as {
  services: Readonly<Record<string, ComposeService>>;
};
const replicas = Object.entries(services).filter(([name]) => name.startsWith('integration-service'));

test('with Compose no replica has a superuser, a writable image or a capability', () => {
  assert.ok(replicas.length >= 2);
  for (const [name, service] of replicas) {
    const { environment = {}, read_only: isReadOnly, cap_drop: dropped, security_opt: options } = service;
    assert.match(environment.DATABASE_URL ?? '', /^postgresql:\/\/integration_app:/, name);
    assert.match(environment.MIGRATION_DATABASE_URL ?? '', /postgresql:\/\/integration_owner:/, name);
    assert.ok(!JSON.stringify(environment).includes('POSTGRES_PASSWORD'), name);
    assert.deepEqual([isReadOnly, dropped, options], [true, ['ALL'], ['no-new-privileges:true']], name);
  }
  const logins = read('deploy/postgres/10-login.sh').match(/^create role .*$/gm) ?? [];
  assert.equal(logins.length, 2);
  for (const login of logins) assert.match(login, / noinherit nosuperuser nobypassrls /);
  assert.doesNotMatch(logins.find((login) => login.includes('integration_app')) ?? '', / createrole /);
});

test('with Compose every store has a password that somebody must choose, and stays inside', () => {
  assert.match(services.redis?.command?.join(' ') ?? '', /requirepass/);
  assert.match(services.redis?.environment?.REDIS_PASSWORD ?? '', /^\$\{REDIS_PASSWORD:\?/);
  for (const [name, service] of Object.entries(services)) {
    for (const [variable, value] of Object.entries(service.environment ?? {})) {
      if (!/PASSWORD|SECRET|_TOKEN$|ENCRYPTION_KEYS|_PASS$/.test(variable)) continue;
      assert.match(String(value), /^\$\{[A-Z_]+(?::\?[^}]+|:-)\}$/, `${variable} of ${name}`);
    }
    if (name.startsWith('integration-service')) continue;
    for (const port of service.ports ?? []) assert.match(port, /^127\.0\.0\.1:/, `${name} ${port}`);
    assert.notEqual(service.privileged, true, name);
  }
});

test('Compose and its example name variables that the service reads', () => {
  const documented = new Set(read('docs/config.md').match(/[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*/g));
  for (const [name, { environment = {} }] of replicas) {
    for (const variable of Object.keys(environment)) assert.ok(documented.has(variable), `${variable} of ${name}`);
  }
  const example = new Set([...read('deploy/env.example').matchAll(/^#?([A-Z][A-Z0-9_]*)=/gm)].map(([, name]) => name));
  for (const [, name] of read('deploy/compose.yaml').matchAll(/\$\{([A-Z_]+):\?/g)) {
    assert.ok(example.has(name), `${name} is needed, and not in deploy/env.example`);
  }
});

test('in Kubernetes a pod has no account, no root and no way inside but what is named', () => {
  const pod = read('deploy/helm/integration-service/templates/statefulset.yaml');
  for (const line of [
    'automountServiceAccountToken: false',
    'runAsNonRoot: true',
    'readOnlyRootFilesystem: true',
    'allowPrivilegeEscalation: false',
    'drop: [ALL]',
    'type: RuntimeDefault',
  ]) {
    assert.ok(pod.includes(line), line);
  }
  const policy = read('deploy/helm/integration-service/templates/networkpolicy.yaml');
  assert.match(policy, /policyTypes: \[Ingress, Egress\]/);
  for (const range of ['10.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16']) {
    assert.ok(policy.includes(range), range);
  }
  const values = parse(read('deploy/helm/integration-service/values.yaml')) as { networkPolicy: { enabled: boolean } };
  assert.equal(values.networkPolicy.enabled, true);
});

test('under systemd the process has a user of its own, and the system calls of a service', () => {
  const unit = read('deploy/systemd/integration-service.service');
  for (const line of [
    'User=integration',
    'NoNewPrivileges=true',
    'ProtectSystem=strict',
    'ProtectHome=true',
    'PrivateDevices=true',
    'SystemCallFilter=@system-service',
    'SystemCallFilter=~@privileged',
    'CapabilityBoundingSet=',
    'UMask=0077',
  ]) {
    assert.match(unit, new RegExp(`^${line.replaceAll(/[.*+?^$~@]/g, '\\$&')}$`, 'm'));
  }
});
