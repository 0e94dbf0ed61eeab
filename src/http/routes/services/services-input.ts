/** Converts a validated body to the service that the admin wants. */
import { sensitiveMember } from '../../../audit/sensitive-names.ts';
import type { Emulates } from '../../../config/emulation.ts';
import { destinedOf } from '../../../directory/destination.ts';
import { draftOfRow, type ServiceDraft } from '../../../directory/manage-services.ts';
import { isSecretText, secretTextsMember, withKeptSecretTexts } from '../../../directory/secret-texts.ts';
import { adapterNameOf } from '../../../directory/service.ts';
import { faultsOfGivenConfig } from '../../../directory/service-config.ts';
import { addressesOfDraft, canBeEmulated, faultsOfDraft } from '../../../directory/service-rules.ts';
import { isObject, parsedJson } from '../../../encodings/tolerant.ts';
import { type InputFault, words } from '../../../errors.ts';
import type { ServiceId } from '../../../ids.ts';
import type { ExternalServiceRow } from '../../../storage/tables/external-services.ts';
import { withNamed } from '../../request/named-members.ts';
import { inputError } from '../../request/validate.ts';
import type { ServiceBody, ServicePatch } from './services-schemas.ts';

/** Members of `config` that this program writes itself: a body can neither set nor remove them. */
const ownConfig: ReadonlySet<string> = new Set(['environment', 'emulated']);
const maxConfigBytes = 65_536;

/** POST, and PUT with the `current` service: replaces everything except secrets that are not sent. */
export function draftOfBody(body: ServiceBody, current: ExternalServiceRow | null, emulates: Emulates): ServiceDraft {
  const config = {
    ...withKeptSecretTexts(settable(body.config ?? {}), current?.config ?? {}),
    ...ownConfigOf(current),
  };
  const { service_name, service_type } = body;
  const draft = named(body, { ...newService, service_name, service_type, display_name: service_name, config });
  return checked(withEmulation(draft, current, emulates), body.config);
}

/**
 * PATCH: replaces the named members. `config` is a JSON merge patch (RFC 7396) at any depth: null removes a member, all
 * others stay.
 */
export function patchedDraft(body: ServicePatch, current: ExternalServiceRow, emulates: Emulates): ServiceDraft {
  const before = draftOfRow(current);
  const config = body.config === undefined ? before.config : mergedConfig(before.config, settable(body.config));
  return checked(withEmulation(named(body, { ...before, config }), current, emulates), body.config);
}

/** What a new service is where its body does not say it. */
const newService = {
  base_url: null,
  is_active: true,
  rate_limit_per_minute: null,
  rate_limit_per_hour: null,
  rate_limit_per_day: null,
  rate_limit_per_month: null,
  priority: 100,
  fallback_service_id: null,
  description: null,
  tags: [],
};

/** The members that the body names, except `config`, over the others. */
function named({ config: _config, ...body }: ServicePatch, otherwise: ServiceDraft): ServiceDraft {
  const draft = withNamed(otherwise, { ...body, fallback_service_id: fallbackOf(body) });
  return { ...draft, api_key: body.api_key, credentials: credentialsOf(body) };
}

/**
 * Refuses addresses that the outbound policy blocks, with its reason; unchanged addresses are not checked again.
 * `refusalOf` returns null for an allowed address.
 */
export async function checkAddresses(
  draft: ServiceDraft,
  current: ExternalServiceRow | null,
  refusalOf: (url: string) => Promise<string | null>,
): Promise<void> {
  const known = new Set(current === null ? [] : addressesOfDraft(draftOfRow(current)).map(({ url }) => url));
  const faults: InputFault[] = [];
  for (const { path, url } of addressesOfDraft(draft)) {
    const refusal = known.has(url) ? null : await refusalOf(url);
    if (refusal !== null)
      faults.push({ path, ...words(`may not be called: ${refusal}`, `вызывать нельзя: «${refusal}»`) });
  }
  if (faults.length > 0) throw inputError(faults);
}

function checked(draft: ServiceDraft, givenConfig: unknown): ServiceDraft {
  const ofValues = [
    ...faultsOfConfig(draft.config),
    ...faultsOfCredentials(draft.credentials),
    ...faultsOfDraft(draft),
  ];
  const unknown = faultsOfGivenConfig(adapterNameOf(destinedOf(draft)), givenConfig);
  const faults = [...ofValues, ...unknown.filter(({ path }) => !ofValues.some((one) => one.path === path))];
  if (faults.length > 0) throw inputError(faults);
  return draft;
}

/** Every response of the service is searched for each secret; an account has only a few. */
const maxCredentialMembers = 64;
const maxCredentialBytes = 65_536;

function faultsOfCredentials(credentials: unknown): InputFault[] {
  if (typeof credentials !== 'object' || credentials === null) return [];
  const path = 'credentials';
  if (Object.hasOwn(credentials, secretTextsMember)) {
    return [{ path: `${path}.${secretTextsMember}`, ...words('is a reserved name', 'зарезервированное имя') }];
  }
  if (Object.keys(credentials).length > maxCredentialMembers) {
    return [
      {
        path,
        ...words(`must have at most ${maxCredentialMembers} members`, `не больше ${maxCredentialMembers} членов`),
      },
    ];
  }
  const isTooLarge = Buffer.byteLength(JSON.stringify(credentials)) > maxCredentialBytes;
  return isTooLarge
    ? [
        {
          path,
          ...words(`must be at most ${maxCredentialBytes} bytes of JSON`, `не больше ${maxCredentialBytes} байт JSON`),
        },
      ]
    : [];
}

/** `config` is visible to every admin and stored in the history, so it must not hold a secret. */
function faultsOfConfig(config: Readonly<Record<string, unknown>>): InputFault[] {
  if (Buffer.byteLength(JSON.stringify(config)) > maxConfigBytes) {
    return [
      {
        path: 'config',
        ...words(`must be at most ${maxConfigBytes} bytes of JSON`, `не больше ${maxConfigBytes} байт JSON`),
      },
    ];
  }
  const isSensitive = sensitiveMember(new Set());
  const faults: InputFault[] = [];
  const check = (value: unknown, path: string): void => {
    if (typeof value !== 'object' || value === null) return;
    for (const [name, member] of Object.entries(value)) {
      const place = `${path}.${name.slice(0, 100)}`;
      const isText = path === 'config.headers' || path === 'config.query';
      if (isText && isSecretText(config, name)) continue;
      if (typeof member === 'string' && !ownConfig.has(name) && isSensitive(name)) {
        const home = isText
          ? words('is a secret: name it in "config.secret_headers"', 'это секрет: назовите его в config.secret_headers')
          : words(
              'is a secret: it belongs in "api_key" or "credentials"',
              'это секрет: его место в api_key или credentials',
            );
        faults.push({ path: place, ...home });
      } else if (!(path === 'config' && ownConfig.has(name))) check(member, place);
    }
  };
  check(config, 'config');
  return faults;
}

function settable(config: object): Record<string, unknown> {
  return Object.fromEntries(Object.entries(config).filter(([name]) => !ownConfig.has(name)));
}

function ownConfigOf(row: ExternalServiceRow | null): Record<string, unknown> {
  return Object.fromEntries(Object.entries(row?.config ?? {}).filter(([name]) => ownConfig.has(name)));
}

function mergedConfig(config: Record<string, unknown>, patch: Record<string, unknown>): Record<string, unknown> {
  const changed = Object.entries(patch).flatMap(([name, value]) => {
    if (value === null) return [];
    if (!isObject(value)) return [[name, value] as const];
    const before = Object.hasOwn(config, name) ? config[name] : {};
    return [[name, mergedConfig(isObject(before) ? before : {}, value)] as const];
  });
  const kept = Object.entries(config).filter(([name]) => !Object.hasOwn(patch, name));
  return Object.fromEntries([...kept, ...changed]);
}

/** In lower case, as ids are stored. */
function fallbackOf({ fallback_service_id: id }: ServicePatch): ServiceId | null | undefined {
  return (typeof id === 'string' ? id.toLowerCase() : id) as ServiceId | null | undefined;
}

function credentialsOf({ credentials }: Pick<ServiceBody, 'credentials'>): unknown {
  if (typeof credentials !== 'string') return credentials;
  const parsed = parsedJson(credentials);
  if (isObject(parsed)) return parsed;
  throw inputError([
    { path: 'credentials', ...words('must be an object, or the JSON of one', 'ожидается объект или его JSON') },
  ]);
}

/**
 * A vendor's service without its own address is emulated if this program emulates vendors. It is decided again only if
 * the change could make a difference, since services registered by the environment have their own reasons.
 */
function withEmulation(draft: ServiceDraft, current: ExternalServiceRow | null, emulates: Emulates): ServiceDraft {
  const isUntouched =
    current !== null &&
    draft.api_key === undefined &&
    draft.credentials === undefined &&
    draft.base_url === current.base_url &&
    draft.config.adapter === current.config.adapter;
  // The mark of an earlier, emulating start is removed if nothing is emulated now.
  if (isUntouched && emulates !== 'none') return draft;
  const hasSecret =
    (draft.api_key === undefined ? (current?.api_key ?? null) : draft.api_key) !== null ||
    (draft.credentials === undefined ? (current?.credentials ?? null) : draft.credentials) !== null;
  const isEmulated =
    draft.base_url === null && canBeEmulated(draft) && (emulates === 'all' || (emulates === 'keyless' && !hasSecret));
  const { emulated: _before, ...config } = draft.config;
  return { ...draft, config: isEmulated ? { ...config, emulated: true } : config };
}
