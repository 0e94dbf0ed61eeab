/** A service as its form holds it: only texts, so that typed text stays unchanged. */
import type { Service } from '../../api/types.ts';
import { rebaseMembers } from '../../parts/forms/differences.ts';
import { applyPatch, isPlainObject, mergePatch } from './config-members.ts';

export interface Draft {
  readonly service_name: string;
  readonly service_type: string;
  readonly display_name: string;
  readonly base_url: string;
  readonly api_key: string;
  readonly credentials: string;
  readonly config: string;
  readonly is_active: boolean;
  readonly rate_limit_per_minute: string;
  readonly rate_limit_per_hour: string;
  readonly rate_limit_per_day: string;
  readonly rate_limit_per_month: string;
  readonly priority: string;
  readonly fallback_service_id: string;
  readonly description: string;
  readonly tags: string;
}

export const limitNames = [
  'rate_limit_per_minute',
  'rate_limit_per_hour',
  'rate_limit_per_day',
  'rate_limit_per_month',
] as const;
export const serviceTypes = ['geocoding', 'sheets', 'maps', 'webhook', 'api'] as const;
export const adapters = [
  'google_maps',
  'yandex_maps',
  'two_gis',
  'nominatim',
  'offline_gazetteer',
  'google_sheets',
  'http',
] as const;

export const emptyDraft: Draft = {
  service_name: '',
  service_type: 'api',
  display_name: '',
  base_url: '',
  api_key: '',
  credentials: '',
  config: '{}',
  is_active: true,
  rate_limit_per_minute: '',
  rate_limit_per_hour: '',
  rate_limit_per_day: '',
  rate_limit_per_month: '',
  priority: '100',
  fallback_service_id: '',
  description: '',
  tags: '',
};

/** Members of `config` that the service itself manages. */
const ownConfig = new Set(['environment', 'emulated']);

export function draftOf(service: Service): Draft {
  const config = Object.fromEntries(Object.entries(service.config).filter(([name]) => !ownConfig.has(name)));
  return {
    ...emptyDraft,
    service_name: service.service_name,
    service_type: service.service_type,
    display_name: service.display_name,
    base_url: service.base_url ?? '',
    config: JSON.stringify(config, null, 2),
    is_active: service.is_active,
    rate_limit_per_minute: limitText(service.rate_limit_per_minute),
    rate_limit_per_hour: limitText(service.rate_limit_per_hour),
    rate_limit_per_day: limitText(service.rate_limit_per_day),
    rate_limit_per_month: limitText(service.rate_limit_per_month),
    priority: String(service.priority),
    fallback_service_id: service.fallback_service_id ?? '',
    description: service.description ?? '',
    tags: service.tags.join(', '),
  };
}

function limitText(limit: number | null): string {
  return limit === null ? '' : String(limit);
}

/** The members that differ from `before`, for PATCH: unchanged ones are not sent, so nothing is lost. */
export function changesOf(before: Draft, after: Draft): Record<string, unknown> {
  const changes: Record<string, unknown> = {};
  for (const name of Object.keys(after) as (keyof Draft)[]) {
    if (after[name] !== before[name]) changes[name] = sentValue(name, after);
  }
  if ('config' in changes) {
    changes.config = mergePatch(parseObject(before.config) ?? {}, parseObject(after.config) ?? {});
    if (Object.keys(changes.config as object).length === 0) delete changes.config;
  }
  return changes;
}

/** Applies the edits between two versions to a third: per member in the configuration, whole texts elsewhere. */
export function rebase(base: Draft, draft: Draft, theirs: Draft): Draft {
  const rebased = rebaseMembers(base, draft, theirs);
  const [own, old, now] = [parseObject(draft.config), parseObject(base.config), parseObject(theirs.config)];
  if (own === null || old === null || now === null || own === old) return rebased;
  return { ...rebased, config: JSON.stringify(applyPatch(now, mergePatch(old, own)), null, 2) };
}

/** The text shown in differences; typed secrets are hidden. */
export function shownOf(draft: Draft): Record<string, unknown> {
  return {
    ...draft,
    config: parseObject(draft.config) ?? draft.config,
    api_key: draft.api_key === '' ? '' : '•••',
    credentials: draft.credentials === '' ? '' : '•••',
  };
}

/** A new service: only the filled-in members. */
export function bodyOf(draft: Draft): Record<string, unknown> {
  return {
    service_name: draft.service_name.trim(),
    service_type: draft.service_type,
    ...changesOf(emptyDraft, { ...draft, service_name: '', service_type: emptyDraft.service_type }),
  };
}

function sentValue(name: keyof Draft, draft: Draft): unknown {
  const value = draft[name];
  if (typeof value === 'boolean') return value;
  const text = value.trim();
  if (name === 'tags')
    return text === ''
      ? []
      : text
          .split(',')
          .map((tag) => tag.trim())
          .filter((tag) => tag !== '');
  if (name === 'config' || name === 'credentials') return parseObject(text) ?? text;
  if (name === 'priority' || (limitNames as readonly string[]).includes(name))
    return text === '' ? null : numberOf(text);
  if (name === 'display_name' || name === 'service_name' || name === 'service_type') return text;
  return text === '' ? null : text;
}

/** A text that is not a number is sent unchanged, so that the service reports what is wrong. */
function numberOf(text: string): number | string {
  const value = Number(text.replaceAll(/[\s\u00a0]/g, ''));
  return Number.isNaN(value) ? text : value;
}

export function parseObject(text: string): Record<string, unknown> | null {
  try {
    const parsed: unknown = JSON.parse(text);
    return isPlainObject(parsed) ? parsed : null;
  } catch {
    return null;
  }
}
