/** Variables about tokens of other issuers, and about browser access. */
import { type createReader, readList } from './config-variables.ts';

type Reader = ReturnType<typeof createReader>;

/** A claim of a JWT and the value that it must have or contain. */
export interface ClaimValue {
  readonly claim: string;
  readonly value: string;
}

/** The claims of an issuer's JWTs. A claim is a member's name, or a path of names separated by dots. */
export interface JwtClaims {
  /** null: `tenants`. */
  readonly tenants: string | null;
  /** null: `scope`. */
  readonly scope: string | null;
  /** Each of them makes the caller an administrator of the token's tenants. */
  readonly adminRoles: readonly ClaimValue[];
}

/** Reads the `JWT_CLAIM_…` variables and `JWT_ADMIN_ROLES`. */
export function readJwtClaims(read: Reader, problems: string[]): JwtClaims {
  const claimName = /^\S{1,200}$/;
  const fault = 'must be the name of one claim, such as org_ids or realm_access.roles';
  const adminRoles: ClaimValue[] = [];
  for (const part of readList(read, 'JWT_ADMIN_ROLES')) {
    // A claim's name may be a URL, which contains a colon.
    const match = /^(https?:\/\/[^\s]+|(?!https?:\/\/)[^\s:]+):(\S+)$/.exec(part);
    if (match === null) problems.push('JWT_ADMIN_ROLES must be claim:value, comma-separated, such as roles:operator');
    else adminRoles.push({ claim: match[1] as string, value: match[2] as string });
  }
  return {
    tenants: read.matching('JWT_CLAIM_TENANTS', claimName, fault),
    scope: read.matching('JWT_CLAIM_SCOPE', claimName, fault),
    adminRoles,
  };
}

/** Reads `CORS_ORIGINS`, in the form that browsers send. There is no wildcard: every allowed origin is listed. */
export function readOrigins(read: Reader, problems: string[]): string[] {
  const origins = readList(read, 'CORS_ORIGINS').map((value) => {
    if (!/^https?:\/\/[^\s/?#@*]+\/?$/i.test(value) || !URL.canParse(value)) {
      problems.push('CORS_ORIGINS must be origins such as https://app.example, comma-separated, without a wildcard');
      return null;
    }
    return new URL(value).origin;
  });
  return [...new Set(origins.filter((origin) => origin !== null))];
}
