/**
 * A tenant's services as a YAML file, written by `services export`, kept under version control, and read by `services
 * import`. Secrets appear only as names of environment variables (`env:NAME`). Services are identified by name, so that
 * the file also works for another database.
 */
import { parseDocument, stringify } from 'yaml';
import { withSecretTexts } from '../../directory/secret-texts.ts';
import { isObject } from '../../encodings/tolerant.ts';
import type { ServiceError } from '../../errors.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { ExternalServiceRow } from '../../storage/tables/external-services.ts';
import { CommandFailed } from '../command.ts';
import { nameVariables, secretPlacesOf } from './secret-variables.ts';

export const documentVersion = 1;
/** Members of `config` that this program writes itself. */
const ownConfig = new Set(['environment', 'emulated']);
const maxFileBytes = 8 * 1024 * 1024;

export interface ServicesDocument {
  /** The file lists every service of the tenant: missing ones are to be removed. */
  readonly isComplete: boolean;
  readonly entries: readonly ServiceEntry[];
}

/** A service in the file: the members of `POST /services`, and `fallback`, a name. */
export type ServiceEntry = Readonly<Record<string, unknown>> & { readonly service_name: string };

const header = `# Services of an Integration Service tenant. Import it with: npm run -s cli -- services import FILE --dry-run
# Secrets are names of environment variables. One that is not set keeps the secret that is there.
# "complete: true" says that every service is named here: those that are not are removed.
`;

export function renderDocument(
  tenant: string,
  rows: readonly ExternalServiceRow[],
  keyring: Pick<Keyring, 'open'>,
): string {
  const nameById = new Map(rows.map(({ id, service_name }) => [id as string, service_name]));
  const variableOf = nameVariables(rows.flatMap((row) => secretPlacesOf(row, keyring)));
  const services = rows.map((row) => entryOf(row, nameById, variableOf));
  return header + stringify({ version: documentVersion, tenant, complete: true, services }, { lineWidth: 0 });
}

function entryOf(
  row: ExternalServiceRow,
  nameById: ReadonlyMap<string, string>,
  variableOf: ReturnType<typeof nameVariables>,
): Record<string, unknown> {
  const fromVariable = (place: string): string | undefined => {
    const variable = variableOf({ serviceName: row.service_name, place });
    return variable === undefined ? undefined : `env:${variable}`;
  };
  const secrets = { api_key: fromVariable('api_key'), credentials: fromVariable('credentials') };
  const config = Object.fromEntries(Object.entries(row.config).filter(([name]) => !ownConfig.has(name)));
  return {
    service_name: row.service_name,
    service_type: row.service_type,
    display_name: row.display_name,
    base_url: row.base_url,
    ...(secrets.api_key === undefined ? {} : { api_key: secrets.api_key }),
    ...(secrets.credentials === undefined ? {} : { credentials: secrets.credentials }),
    config: withSecretTexts(config, (name, _mask, part) => fromVariable(`${part}.${name}`)),
    is_active: row.is_active,
    priority: row.priority,
    rate_limit_per_minute: row.rate_limit_per_minute,
    rate_limit_per_hour: row.rate_limit_per_hour,
    rate_limit_per_day: row.rate_limit_per_day,
    rate_limit_per_month: row.rate_limit_per_month,
    fallback: row.fallback_service_id === null ? null : (nameById.get(row.fallback_service_id) ?? null),
    description: row.description,
    tags: [...row.tags],
  };
}

/** Throws `CommandFailed` naming the place that cannot be parsed. */
export function parseServices(text: string, tenant: string): ServicesDocument {
  if (Buffer.byteLength(text) > maxFileBytes) throw new CommandFailed('the file is larger than 8 MiB');
  const document = parseDocument(text, { prettyErrors: true, uniqueKeys: true });
  const [fault] = document.errors;
  if (fault !== undefined) throw new CommandFailed(`the file is no YAML: ${fault.message}`);
  const root: unknown = document.toJS({ maxAliasCount: 100 });
  if (!isObject(root)) throw new CommandFailed('the file must be a mapping with "version" and "services"');
  const unknown = Object.keys(root).filter((name) => !['version', 'tenant', 'complete', 'services'].includes(name));
  if (unknown.length > 0) throw new CommandFailed(`the file has an unknown member "${unknown[0]}"`);
  if (root.version !== documentVersion) throw new CommandFailed(`"version" must be ${documentVersion}`);
  if (root.tenant !== undefined && typeof root.tenant !== 'string') {
    throw new CommandFailed(`"tenant" must be a text: write "${root.tenant}" in quotes`);
  }
  if (root.tenant !== undefined && root.tenant !== tenant) {
    throw new CommandFailed(
      `the file is of the tenant "${root.tenant}", and this is "${tenant}": name it with --tenant`,
    );
  }
  if (root.complete !== undefined && typeof root.complete !== 'boolean')
    throw new CommandFailed('"complete" must be true or false');
  if (!Array.isArray(root.services)) throw new CommandFailed('"services" must be a list');
  const seen = new Set<string>();
  const entries = root.services.map((entry: unknown, index): ServiceEntry => {
    if (!isObject(entry) || typeof entry.service_name !== 'string') {
      throw new CommandFailed(`services[${index}] must be a mapping with "service_name"`);
    }
    if (seen.has(entry.service_name))
      throw new CommandFailed(`services[${index}]: "${entry.service_name}" is named twice`);
    seen.add(entry.service_name);
    return entry as ServiceEntry;
  });
  return { isComplete: root.complete === true, entries };
}

/** One line per fault, with the service and the path in it. */
export function describeFault(serviceName: string, error: ServiceError): string {
  const faults = error.errors ?? [];
  if (faults.length === 0) return `${serviceName}: ${error.publicMessage}`;
  return faults.map(({ path, message }) => `${serviceName}: ${path} ${message}`).join('\n  ');
}
