/** `logs erase`: removes a person's data from the audit log. */
import { eraseText } from '../audit/chain/erase-text.ts';
import { type Command, UsageError } from './command.ts';
import { withDatabase } from './open-database.ts';
import { readTenant, tenantOption } from './read-arguments.ts';
import { noteChange } from './token-create.ts';

/** A shorter text would also match unrelated words. */
const minTextLength = 4;

export const logsErase: Command = {
  name: 'logs erase',
  summary: 'take a person’s data out of the audit log; the chain says that it was done',
  notes: [
    'Every place of the text becomes [erased]: in addresses, errors, kept headers and bodies, also in its JSON and URL forms.',
    'Capitals and small letters count. Cached answers end by themselves within a day; payloads of webhooks are not touched.',
  ],
  options: {
    contains: { type: 'string', hint: 'TEXT', help: 'the text to erase' },
    tenant: tenantOption,
  },
  async run({ terminal, config }, input) {
    const text = input.text('contains');
    if (text === null || text.trim().length < minTextLength) {
      throw new UsageError(`--contains takes a text of at least ${minTextLength} characters`);
    }
    const tenantId = readTenant(input.text('tenant'), () => config().defaultTenant);
    const { rows, bodies } = await withDatabase(config(), async (db) => {
      const done = await eraseText(db, tenantId, text);
      const change = {
        entity: 'audit_log',
        entityId: 'erasure',
        action: 'changed',
        after: { erased_rows: done.rows },
      } as const;
      await db.forTenant(tenantId, (tx) => noteChange(tx, tenantId, change));
      return done;
    });
    terminal.result(
      { erased_rows: rows, erased_bodies: bodies },
      rows + bodies === 0
        ? 'The text stands nowhere in this audit log.'
        : `Erased from ${rows} rows and ${bodies} kept bodies.`,
    );
  },
};
