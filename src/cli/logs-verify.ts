/** `logs verify`: checks whether the audit log was edited. */
import { type ChainFault, type ChainReport, verifyChain } from '../audit/chain/verify-chain.ts';
import { listAuditedTenants } from '../storage/tables/audit/audit-chain.ts';
import { type Command, exitCodes } from './command.ts';
import { withDatabase } from './open-database.ts';
import { readTenant } from './read-arguments.ts';
import { keyringOf } from './secret-encrypt.ts';

/** A longer list says no more. */
const maxFaults = 100;

export const logsVerify: Command = {
  name: 'logs verify',
  summary: 'prove that the audit log was not edited: every row is there, unchanged, and none was added',
  notes: [
    'Exit code 1 where it was. Needs the ENCRYPTION_KEYS under which the log was written.',
    'Keep the printed head elsewhere: a later run shows by it that the end was not cut off.',
  ],
  options: { tenant: { type: 'string', hint: 'ID', help: 'this tenant alone (default: all)' } },
  async run({ terminal, config }, input) {
    const settings = config();
    const keyring = keyringOf(settings);
    const asked = input.text('tenant');
    const reports = await withDatabase(settings, (db) =>
      db.acrossTenants('audit verification', async (tx) => {
        await tx.query({ text: 'set transaction isolation level repeatable read, read only' });
        const tenants = asked === null ? await listAuditedTenants(tx) : [readTenant(asked, () => asked)];
        const found: ChainReport[] = [];
        for (const tenant of tenants) {
          const progress = terminal.progress(`Verifying ${tenant}: rows`, null);
          found.push(
            await verifyChain(tx, tenant, { keyring, maxFaults, onProgress: (rows) => progress.update(rows) }),
          );
          progress.end();
        }
        return found;
      }),
    );
    const isIntact = reports.every(({ faults }) => faults.length === 0);
    terminal.result(
      { intact: isIntact, tenants: reports.map(describe) },
      reports.length === 0 ? 'There are no audit rows.' : reports.map(render).join('\n\n'),
    );
    return isIntact ? exitCodes.done : exitCodes.failed;
  },
};

function describe(report: ChainReport) {
  return {
    management_company_id: report.tenant,
    intact: report.faults.length === 0,
    rows: report.rows,
    rows_before_the_chain: report.rowsBefore,
    rows_not_linked_yet: report.unlinkedRows,
    erased_rows: report.erased,
    links: report.links,
    head: report.head,
    missing_keys: report.missingKeys,
    faults: report.faults,
  };
}

function render(report: ChainReport): string {
  const lines = [
    `${report.tenant}: ${report.faults.length === 0 ? 'intact' : 'EDITED'}, ${report.rows} rows, ${report.links} links`,
  ];
  if (report.erased > 0) lines.push(`  ${report.erased} rows had data erased; the chain says so`);
  if (report.rowsBefore > 0)
    lines.push(`  ${report.rowsBefore} rows are older than the chain: nothing is known of them`);
  if (report.unlinkedRows > 0) lines.push(`  ${report.unlinkedRows} rows of the last seconds are not linked yet`);
  for (const key of report.missingKeys)
    lines.push(`  the key "${key}" is not in ENCRYPTION_KEYS: its links are not authenticated`);
  if (report.head !== null) lines.push(`  head: ${report.head.sequence} ${report.head.hash}`);
  lines.push(...report.faults.map((fault) => `  ${sentenceOf(fault)}`));
  if (report.faults.length >= maxFaults) lines.push('  … and there may be more');
  return lines.join('\n');
}

function sentenceOf(fault: ChainFault): string {
  switch (fault.kind) {
    case 'row_changed':
      return `row ${fault.id} of ${fault.startedAt} was changed`;
    case 'row_missing':
      return `row ${fault.id} of ${fault.startedAt} is missing`;
    case 'row_added':
      return `row ${fault.id} of ${fault.startedAt} was added`;
    case 'body_changed':
      return `the kept body ${fault.id} of ${fault.day} was changed`;
    case 'body_missing':
      return `row ${fault.id} has lost a kept body`;
    case 'link_missing':
      return `link ${fault.sequence} of the chain is missing`;
    case 'link_changed':
      return `link ${fault.sequence} of the chain was changed`;
  }
}
