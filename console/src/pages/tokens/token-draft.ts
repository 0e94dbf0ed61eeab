/** The editable members of a token, as typed. */
import type { Token } from '../../api/types.ts';

export interface TokenDraft {
  readonly name: string;
  readonly scopes: readonly string[];
  /** Separated by commas. */
  readonly tenants: string;
  readonly services: string;
  readonly perMinute: string;
  /** In the format of `datetime-local`. */
  readonly expires: string;
}

export const emptyToken: TokenDraft = {
  name: '',
  scopes: ['geocoding'],
  tenants: '',
  services: '',
  perMinute: '',
  expires: '',
};

export function listOf(text: string): string[] {
  return text
    .split(',')
    .map((one) => one.trim())
    .filter((one) => one !== '');
}

export function tokenDraftOf(token: Token): TokenDraft {
  return {
    name: token.name,
    scopes: token.scopes,
    tenants: token.tenants.join(', '),
    services: (token.services ?? []).join(', '),
    perMinute: token.rate_limit_per_minute == null ? '' : String(token.rate_limit_per_minute),
    expires: token.expires_at === null ? '' : localOf(token.expires_at),
  };
}

/** A new token: empty members are not sent. */
export function newTokenOf(draft: TokenDraft): Record<string, unknown> {
  const { name, scopes, ...others } = sent(draft);
  const given = Object.entries(others).filter(([, value]) => value !== null);
  return { name, scopes, ...Object.fromEntries(given) };
}

/** The members that differ, for PATCH; an emptied one is removed. */
export function tokenChanges(before: TokenDraft, after: TokenDraft): Record<string, unknown> {
  const [old, now] = [sent(before), sent(after)];
  const changed = Object.entries(now).filter(
    ([name, value]) => JSON.stringify(value) !== JSON.stringify(old[name as keyof typeof old]),
  );
  return Object.fromEntries(changed);
}

function sent(draft: TokenDraft) {
  const [tenants, services] = [listOf(draft.tenants), listOf(draft.services)];
  return {
    name: draft.name.trim(),
    scopes: draft.scopes,
    tenants: tenants.length === 0 ? null : tenants,
    services: services.length === 0 ? null : services,
    rate_limit_per_minute: draft.perMinute === '' ? null : Number(draft.perMinute),
    expires_at: draft.expires === '' ? null : new Date(draft.expires).toISOString(),
  };
}

function localOf(iso: string): string {
  const at = new Date(iso);
  return new Date(at.getTime() - at.getTimezoneOffset() * 60_000).toISOString().slice(0, 16);
}
