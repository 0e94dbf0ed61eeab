/** `services export` and `services import`: a tenant's services as a file. */
import { readFile, writeFile } from 'node:fs/promises';
import { systemClock } from '../../clock.ts';
import type { Config } from '../../config/config.ts';
import { emulatesOf } from '../../config/emulation.ts';
import { ServiceError } from '../../errors.ts';
import { checkAddresses } from '../../http/routes/services/services-input.ts';
import type { TenantId } from '../../ids.ts';
import { createOutbound } from '../../outbound/http-client.ts';
import { refusalOf } from '../../outbound/refusal.ts';
import { appendEvent } from '../../outbox/append-event.ts';
import type { Database } from '../../storage/postgres/database.ts';
import { listServicesOfTenant, lockServicesOfTenant } from '../../storage/tables/external-services.ts';
import { type Command, CommandFailed, UsageError } from '../command.ts';
import { quietLogger, withDatabase } from '../open-database.ts';
import { readTenant, tenantOption } from '../read-arguments.ts';
import { keyringOf } from '../secret-encrypt.ts';
import { userName } from '../token-create.ts';
import { applyImport } from './apply-import.ts';
import { describeFault, parseServices, renderDocument, type ServicesDocument } from './document.ts';
import { type ImportPlan, type PlannedStep, planImport } from './plan-import.ts';

export const servicesExport: Command = {
  name: 'services export',
  operands: '[FILE.yaml]',
  summary: 'write a tenant’s services as YAML, secrets as env:NAME; without a file to stdout',
  options: { tenant: tenantOption },
  async run({ terminal, config }, input) {
    const [file, ...more] = input.positionals;
    if (more.length > 0) throw new UsageError('give one file');
    const settings = config();
    const tenantId = readTenant(input.text('tenant'), () => settings.defaultTenant);
    const rows = await withDatabase(settings, (db) =>
      db.forTenant(tenantId, (tx) => listServicesOfTenant(tx, tenantId)),
    );
    const yaml = renderDocument(tenantId, rows, keyringOf(settings));
    if (file === undefined) return terminal.result({ yaml, services: rows.length }, yaml.trimEnd());
    await writeFile(file, yaml).catch((cause: unknown) => {
      throw new CommandFailed(`cannot write ${file}`, cause);
    });
    terminal.result({ file, services: rows.length }, `Wrote ${rows.length} services to ${file}.`);
  },
};

export const servicesImport: Command = {
  name: 'services import',
  operands: 'FILE.yaml',
  summary: 'make a tenant’s services what the file says; with --dry-run show the difference alone',
  notes: [
    'All of the file or, where it has a fault, nothing. Repeating it changes nothing. Replicas follow within a second.',
    'env:NAME is read from the environment (plain or enc:…); where it is not set, the secret that is there stays.',
    'A file with "complete: true" (as export writes it) removes services that it does not name.',
  ],
  options: { tenant: tenantOption, 'dry-run': { type: 'boolean', help: 'change nothing' } },
  async run({ terminal, config }, input) {
    const [file, ...more] = input.positionals;
    if (file === undefined || more.length > 0) throw new UsageError('give one file');
    const settings = config();
    const tenantId = readTenant(input.text('tenant'), () => settings.defaultTenant);
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new CommandFailed(`cannot read ${file}`, cause);
    });
    const document = parseServices(text, tenantId);
    const isDry = input.flag('dry-run');
    const plan = await withDatabase(settings, (db) => importInto(settings, db, tenantId, document, isDry));
    terminal.result(describePlan(plan, isDry), renderPlan(plan, isDry));
  },
};

async function importInto(
  config: Config,
  db: Database,
  tenantId: TenantId,
  document: ServicesDocument,
  isDry: boolean,
): Promise<ImportPlan> {
  const keyring = keyringOf(config);
  await using opened = new AsyncDisposableStack();
  const outbound = opened.adopt(
    createOutbound({ allowedNetworks: config.outboundAllowedNetworks, emulatorOrigin: null, logger: quietLogger }),
    (part) => part.close(),
  );
  return db.forTenant(tenantId, async (tx) => {
    const rows = await lockServicesOfTenant(tx, tenantId);
    const plan = planImport({ keyring, env: process.env, emulates: emulatesOf(config) }, document, rows);
    const checking = 'the file is at fault, and nothing was changed';
    try {
      for (const step of plan.steps) {
        if (step.action === 'delete') continue;
        await checkAddresses(step.draft, step.action === 'change' ? step.current : null, (url) =>
          refusalOf(outbound, url),
        ).catch((error: unknown) => {
          if (error instanceof ServiceError)
            throw new CommandFailed(`${checking}:\n  ${describeFault(step.name, error)}`);
          throw error;
        });
      }
      // A dry run is an import that is taken back, so that it finds what an import would refuse.
      await tx.query({ text: 'savepoint before_import' });
      const context = { changedBy: userName(), requestId: null };
      await applyImport({ keyring, appendEvent, clock: systemClock }, tx, tenantId, plan, context);
      if (isDry) await tx.query({ text: 'rollback to savepoint before_import' });
    } catch (error) {
      if (error instanceof ServiceError) throw new CommandFailed(`${checking}:\n  ${describeFault('services', error)}`);
      throw error;
    }
    return plan;
  });
}

function describePlan(plan: ImportPlan, isDry: boolean) {
  return {
    dry_run: isDry,
    created: namesOf(plan, 'create'),
    changed: plan.steps.flatMap((step) =>
      step.action === 'change' ? [{ service_name: step.name, changes: step.changes }] : [],
    ),
    deleted: namesOf(plan, 'delete'),
    unchanged: plan.unchanged,
    not_in_file: plan.left,
  };
}

function namesOf(plan: ImportPlan, action: PlannedStep['action']): string[] {
  return plan.steps.flatMap((step) => (step.action === action ? [step.name] : []));
}

function renderPlan(plan: ImportPlan, isDry: boolean): string {
  const lines = plan.steps.flatMap((step) => {
    if (step.action === 'create') return [`+ ${step.name}`];
    if (step.action === 'delete') return [`- ${step.name}`];
    return [
      `~ ${step.name}`,
      ...step.changes.map(
        ({ member, before, after }) => `    ${member}: ${JSON.stringify(before)} → ${JSON.stringify(after)}`,
      ),
    ];
  });
  if (plan.left.length > 0) lines.push(`Not in the file, and kept: ${plan.left.join(', ')}`);
  const count = plan.steps.length;
  const verb = isDry ? 'would change' : 'changed';
  lines.push(count === 0 ? 'Nothing to change.' : `${count} of ${count + plan.unchanged} services ${verb}.`);
  return lines.join('\n');
}
