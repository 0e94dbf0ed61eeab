/** `doctor`: checks everything that the service depends on, and says what to do about each finding. */
import { systemClock } from '../../clock.ts';
import { type Config, ConfigError } from '../../config/config.ts';
import { type Command, exitCodes } from '../command.ts';
import { withDatabase, withDatabaseUrl } from '../open-database.ts';
import { keyringOf } from '../secret-encrypt.ts';
import { checkAlerts } from './check-alerts.ts';
import { checkBroker } from './check-broker.ts';
import { checkDataDir } from './check-data-dir.ts';
import { checkDatabase } from './check-database.ts';
import { checkAccounts, checkRunningService } from './check-providers.ts';
import { checkRedis } from './check-redis.ts';
import { checkSealed, checkSecretStrength } from './check-secrets.ts';
import { type Finding, failed, findingsOf, ok } from './finding.ts';

const marks = { ok: 'ok  ', warning: 'WARN', failed: 'FAIL' } as const;

export const doctorCommand: Command = {
  name: 'doctor',
  summary: 'look at the configuration, stores, secrets, providers and clocks, and say what to do',
  notes: ['Run it with the service’s own environment. It changes nothing. Exit code 1 where anything failed.'],
  options: { url: { type: 'string', hint: 'URL', help: 'the running service (default http://localhost:PORT)' } },
  async run({ terminal, config }, input) {
    const findings = await examine(config, input.text('url'));
    const isWell = findings.every(({ status }) => status !== 'failed');
    terminal.result({ healthy: isWell, findings }, renderFindings(findings));
    return isWell ? exitCodes.done : exitCodes.failed;
  },
};

async function examine(readConfig: () => Config, url: string | null): Promise<readonly Finding[]> {
  let config: Config;
  try {
    config = readConfig();
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return error.problems.map((problem) => failed('configuration', problem, 'docs/config.md'));
  }
  const { now } = systemClock;
  const { redisUrls, rabbitmqUrls } = config;
  return [
    ok('configuration', config.production ? 'production' : 'development'),
    ...(await findingsOf('data folder', () => checkDataDir(config.dataDir))),
    ...(await findingsOf('database', () => checkStoredState(config))),
    ...(redisUrls === null
      ? [ok('redis', 'in-process: right for one replica')]
      : await findingsOf('redis', () => checkRedis(redisUrls, now))),
    ...(rabbitmqUrls === null
      ? [ok('rabbitmq', 'in-process: events reach GET /api/v1/events/stream only')]
      : await findingsOf('rabbitmq', () => checkBroker(rabbitmqUrls))),
    ...checkSecretStrength(config),
    ...(await findingsOf('alerts', () => checkAlerts(config))),
    ...(await findingsOf('service', () => checkRunningService(config, url ?? `http://localhost:${config.http.port}`))),
  ];
}

function checkStoredState(config: Config): Promise<readonly Finding[]> {
  return withDatabaseUrl(config, async (databaseUrl) => {
    const known: Config = { ...config, databaseUrl };
    const isEmbedded = config.databaseUrl === null;
    const found = await checkDatabase({
      url: databaseUrl,
      ownerUrl: config.migrationDatabaseUrl,
      isEmbedded,
      now: systemClock.now,
    });
    // Stored data is checked only if the schema is this service's.
    if (found.some(({ status }) => status === 'failed')) return found;
    const keyring = keyringOf(config);
    const stored = await withDatabase(known, async (db) => [
      await checkSealed(db, keyring),
      await checkAccounts(db, keyring),
    ]);
    return [...found, ...stored];
  });
}

function renderFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, status, detail, remedy }) => [
    `${marks[status]}  ${check.padEnd(width)}  ${detail}`,
    ...(remedy === null ? [] : [`      ${' '.repeat(width)}  → ${remedy}`]),
  ]);
  const count = (wanted: Finding['status']): number => findings.filter(({ status }) => status === wanted).length;
  return [...lines, '', `${count('ok')} ok, ${count('warning')} warnings, ${count('failed')} failed`].join('\n');
}
