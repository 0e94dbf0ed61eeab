import { migrate } from '../storage/postgres/migrate.ts';
import type { Command } from './command.ts';
import { databaseFailed, quietLogger, withDatabaseUrl } from './open-database.ts';

export const migrateCommand: Command = {
  name: 'migrate',
  summary: 'bring the database to this version (the service does so itself at its start)',
  notes: ['Several may run at once: one works, the others wait for it.'],
  async run({ terminal, config }) {
    const settings = config();
    const applied = await withDatabaseUrl(settings, (url) =>
      migrate({ url: settings.migrationDatabaseUrl ?? url, serviceUrl: url, logger: quietLogger }).catch(
        (error: unknown) => {
          throw databaseFailed(settings, error);
        },
      ),
    );
    const text =
      applied.length === 0
        ? 'The database is up to date.'
        : `Applied:\n${applied.map((name) => `  ${name}`).join('\n')}`;
    terminal.result({ applied }, text);
  },
};
