/** The deployments give the service no more rights than it needs. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ConfigError, parseConfig } from '../../src/config/config.ts';
import { configVariables } from '../support/variables.ts';

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

test('with Compose every store requires a chosen password and has no public port', () => {
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
    assert.ok(example.has(name), `${name} is required, but missing in deploy/env.example`);
  }
});

/** The image fixes its folder and address; the last two are development's names for LOG_LEVEL and NODE_ENV. */
const notForOperators = ['DATA_DIR', 'HOST', 'DEBUG', 'ENVIRONMENT'];

test('Compose, its example and the Helm chart have every variable that an operator may set', () => {
  const variables = configVariables().filter((name) => !notForOperators.includes(name));
  assert.ok(variables.length > 50);
  const values = read('deploy/helm/integration-service/values.yaml');
  const ofChart = new Set(values.match(/\b[A-Z][A-Z0-9_]+\b/g));
  const fixed = read('deploy/helm/integration-service/templates/statefulset.yaml') + read('deploy/Dockerfile');
  const example = read('deploy/env.example');
  for (const variable of variables) {
    for (const [name, { environment = {} }] of replicas) {
      assert.ok(variable in environment, `${variable} is not passed to ${name} (deploy/compose.yaml)`);
      const handedOn = String(environment[variable]);
      for (const [, source] of handedOn.matchAll(/\$\{([A-Z_0-9]+)/g)) {
        assert.match(example, new RegExp(`^#?${source}=`, 'm'), `${source} is not in deploy/env.example`);
      }
    }
    const isFixed = fixed.includes(`name: ${variable},`) || fixed.includes(`${variable}=`);
    assert.ok(isFixed || ofChart.has(variable), `${variable} is not in values.yaml of the chart`);
  }
});

test('with Compose an empty variable keeps its default', () => {
  const secret = 'Zq7w'.repeat(4) + 'kP3x9LmT'.repeat(3);
  const given: Record<string, string> = {
    DATABASE_PASSWORD: secret,
    REDIS_PASSWORD: secret,
    RABBITMQ_PASSWORD: secret,
    METRICS_TOKEN: secret,
    JWT_SECRET: secret,
    ENCRYPTION_KEYS: `k1:${Buffer.from(secret.slice(0, 32)).toString('base64')}`,
  };
  const environment = Object.entries(replicas[0]?.[1].environment ?? {}).map(([name, value]): [string, string] => [
    name,
    String(value)
      .replaceAll(/\$\{([A-Z_0-9]+):\+.*\}$/g, '')
      .replaceAll(/\$\{([A-Z_0-9]+)(?::[-?]([^}]*))?\}/g, (_, source: string, otherwise: string) =>
        source in given ? (given[source] as string) : String(otherwise),
      ),
  ]);
  try {
    const config = parseConfig(Object.fromEntries(environment), () => '');
    assert.deepEqual(config.familyLimits, { sheets: 100, geocoding: 50, webhooks: 200 });
    assert.equal(config.cache.l2TtlSeconds, 3600);
  } catch (error) {
    assert.ok(!(error instanceof ConfigError), error instanceof ConfigError ? error.problems.join('\n') : '');
    throw error;
  }
});

test('in Kubernetes a pod has no account, no root and only the named network access', () => {
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

test('under systemd the process has its own user, and only the system calls of a service', () => {
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
