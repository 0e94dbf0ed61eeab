import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import pg from 'pg';
import { createDataDir } from '../../../test/support/data-dir.ts';
import { silentLogger, startEmptyDatabase, withServer } from '../../../test/support/database.ts';
import { waitFor } from '../../../test/support/wait-for.ts';
import { migrate, readMigrations } from './migrate.ts';

async function queryOn(url: string, text: string, values: unknown[] = []): Promise<Record<string, unknown>[]> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}

async function migrationFolder(t: TestContext, files: Record<string, string>): Promise<string> {
  const folder = join(await createDataDir(t), 'migrations');
  await mkdir(folder);
  for (const [name, sql] of Object.entries(files)) await writeFile(join(folder, name), sql);
  return folder;
}

test('a new database gets every migration, in order, and a second run finds nothing to do', async (t) => {
  const url = await startEmptyDatabase(t);
  const names = (await readMigrations()).map(({ name }) => name);
  assert.deepEqual(await migrate({ url, logger: silentLogger }), names);
  assert.deepEqual(await migrate({ url, logger: silentLogger }), []);
});

test('replicas and databases that migrate at the same moment do not disturb each other', async (t) => {
  const urls = await Promise.all([startEmptyDatabase(t), startEmptyDatabase(t)]);
  const applied = await Promise.all([...urls, ...urls, ...urls].map((url) => migrate({ url, logger: silentLogger })));
  const count = (await readMigrations()).length;
  assert.equal(applied.flat().length, 2 * count);
});

test('webhooks that name no service of their tenant lose it, and all others keep theirs', async (t) => {
  const url = await startEmptyDatabase(t);
  const all = await readMigrations();
  const upTo = async (version: number) =>
    migrationFolder(
      t,
      Object.fromEntries(all.filter((file) => file.version <= version).map(({ name, sql }) => [name, sql])),
    );
  await migrate({ url, logger: silentLogger, directory: await upTo(13) });
  const [service, nobody] = [randomUUID(), randomUUID()];
  await queryOn(
    url,
    `insert into external_services (id, management_company_id, service_name, service_type, display_name)
     values ($1, 'mine', 'api', 'api', 'API')`,
    [service],
  );
  for (const [tenant, named] of [
    ['mine', service],
    ['mine', nobody],
    ['theirs', service],
    ['theirs', null],
  ]) {
    await queryOn(
      url,
      `insert into webhook_configs (id, management_company_id, webhook_name, webhook_url, webhook_token, webhook_token_sha256,
         source_service, signature_scheme, max_payload_size_bytes, over_limit_policy, source_service_id)
       select id, $1, 'hook', '', '', sha256(id::text::bytea), 'custom', 'none', 1, 'reject', $2 from gen_random_uuid() id`,
      [tenant, named],
    );
  }
  await migrate({ url, logger: silentLogger });
  const left = await queryOn(
    url,
    'select management_company_id as tenant, source_service_id as named from webhook_configs',
  );
  assert.deepEqual(
    left.filter(({ named }) => named !== null),
    [{ tenant: 'mine', named: service }],
  );
  assert.equal(left.length, 4);
});

test('a file that was changed after it was applied is refused', async (t) => {
  const url = await startEmptyDatabase(t);
  const directory = await migrationFolder(t, { '0001_first.sql': 'create table first (id int)' });
  await migrate({ url, logger: silentLogger, directory });
  await writeFile(join(directory, '0001_first.sql'), 'create table first (id bigint)');
  await assert.rejects(migrate({ url, logger: silentLogger, directory }), {
    name: 'MigrationRefused',
    message: /0001_first\.sql was changed after it was applied/,
  });
});

test('a program goes on beside a newer version, and refuses a file below the newest and one it cannot know', async (t) => {
  const url = await startEmptyDatabase(t);
  const directory = await migrationFolder(t, { '0001_first.sql': 'select 1', '0002_second.sql': 'select 1' });
  await migrate({ url, logger: silentLogger, directory });
  const older = await migrationFolder(t, { '0001_first.sql': 'select 1' });
  assert.deepEqual(await migrate({ url, logger: silentLogger, directory: older }), []);
  const other = await migrationFolder(t, { '0001_first.sql': 'select 1', '0003_third.sql': 'select 1' });
  await assert.rejects(
    migrate({ url, logger: silentLogger, directory: other }),
    /0002_second\.sql, which this program does not/,
  );
  const late = await migrationFolder(t, { '0002_second.sql': 'select 1' });
  await queryOn(url, 'delete from schema_migrations where version = 1');
  await writeFile(join(late, '0001_late.sql'), 'select 1');
  await assert.rejects(migrate({ url, logger: silentLogger, directory: late }), /0001_late\.sql comes before/);
});

test('a migration that waits for a lock lets traffic through meanwhile', async (t) => {
  const url = await startEmptyDatabase(t);
  const directory = await migrationFolder(t, { '0001_table.sql': 'create table busy (value integer)' });
  await migrate({ url, logger: silentLogger, directory });
  const reader = new pg.Client({ connectionString: url });
  await reader.connect();
  t.after(() => reader.end());
  await reader.query('begin; select * from busy');
  await writeFile(join(directory, '0002_column.sql'), 'alter table busy add column other integer');
  const migrating = migrate({ url, logger: silentLogger, directory });
  await waitFor('the migration to wait for its lock', async () => {
    const waiting = await queryOn(url, "select 1 from pg_locks where not granted and mode = 'AccessExclusiveLock'");
    return waiting.length > 0;
  });
  await queryOn(url, 'insert into busy values (1)'); // Behind the waiting lock, until that is let go.
  await reader.query('commit');
  assert.deepEqual(await migrating, ['0002_column.sql']);
});

test('a migration that fails leaves nothing behind, and those before it stay', async (t) => {
  const url = await startEmptyDatabase(t);
  const directory = await migrationFolder(t, {
    '0001_good.sql': 'create table good (id int)',
    '0002_bad.sql': 'create table half (id int); select 1 / 0',
  });
  await assert.rejects(migrate({ url, logger: silentLogger, directory }), /0002_bad\.sql failed/);
  const [row] = await queryOn(
    url,
    `select to_regclass('good') is not null as good, to_regclass('half') is null as half`,
  );
  assert.deepEqual(row, { good: true, half: true });
});

test('names that are no migration, and numbers that stand twice, are refused', async (t) => {
  await assert.rejects(
    async () => readMigrations(await migrationFolder(t, { 'notes.sql': '' })),
    /no name for a migration/,
  );
  await assert.rejects(
    async () => readMigrations(await migrationFolder(t, { '0001_a.sql': '', '0001_b.sql': '' })),
    /bear the number 1/,
  );
});

test('the two roles can neither log in nor bypass row-level security, and own nothing', async (t) => {
  const url = await startEmptyDatabase(t);
  await migrate({ url, logger: silentLogger });
  const roles = await queryOn(
    url,
    `select rolname, rolsuper, rolbypassrls, rolcanlogin, rolcreaterole, rolcreatedb,
            (select count(*)::int from pg_class where relowner = pg_roles.oid) as owned
       from pg_roles where rolname like 'integration\\_service\\_%' order by rolname`,
  );
  const none = {
    rolsuper: false,
    rolbypassrls: false,
    rolcanlogin: false,
    rolcreaterole: false,
    rolcreatedb: false,
    owned: 0,
  };
  assert.deepEqual(roles, [
    { rolname: 'integration_service_system', ...none },
    { rolname: 'integration_service_tenant', ...none },
  ]);
});

/** A login that owns its own database and is no superuser. */
async function startOwner(t: TestContext): Promise<{ login: string; url: string }> {
  const url = new URL(await startEmptyDatabase(t));
  const login = `is_owner_${randomUUID().slice(0, 8)}`;
  const database = url.pathname.slice(1);
  await withServer(async (server) => {
    await server.query(`create role ${login} login password 'owner' nosuperuser nocreaterole`);
    await server.query(`alter database ${database} owner to ${login}`);
  });
  t.after(() =>
    withServer(async (server) => {
      // The database goes with its own cleanup; the login may go once nothing is its own.
      await server.query(`alter database ${database} owner to current_user`);
      await server.query(`drop database ${database} with (force)`);
      await server.query(`drop role ${login}`);
    }),
  );
  url.username = login;
  url.password = 'owner';
  return { login, url: url.href };
}

test('a login that may not set up the roles gets the very lines an administrator must run', async (t) => {
  await migrate({ url: await startEmptyDatabase(t), logger: silentLogger }); // The roles exist in the cluster.
  const { login, url } = await startOwner(t);
  let lines: readonly string[] = [];
  await assert.rejects(migrate({ url, logger: silentLogger }), (error: Error & { statements: readonly string[] }) => {
    lines = error.statements;
    return error.name === 'RolesMissing' && error.message.includes(`grant integration_service_tenant to "${login}"`);
  });

  await withServer(async (server) => {
    for (const line of lines) await server.query(line);
  });
  await migrate({ url, logger: silentLogger });
  const [row] = await queryOn(url, 'select count(*)::int as count from schema_migrations');
  assert.equal(row?.count, (await readMigrations()).length);
});
