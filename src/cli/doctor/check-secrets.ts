/** Checks how strong the secrets are, and whether all stored secrets can be opened. Values are never shown. */
import type { Config } from '../../config/config.ts';
import type { Keyring } from '../../secrets/keyring.ts';
import type { Database } from '../../storage/postgres/database.ts';
import { countOutdated } from '../secret-rotate.ts';
import { type Finding, failed, ok, warning } from './finding.ts';

const strongTokenLength = 32;
const strongSecretLength = 32;
/** 32 random hexadecimal characters hardly ever have fewer distinct ones. */
const leastDistinct = 8;

export function checkSecretStrength(config: Config): readonly Finding[] {
  return [checkJwt(config), checkTokens(config), checkEncryptionKeys(config)];
}

function checkJwt({ jwt: { verification, issuer } }: Config): Finding {
  switch (verification.kind) {
    case 'generated':
      return ok('admin tokens', 'verified with a generated secret (development)');
    case 'secret':
      return isStrong(verification.secret, strongSecretLength)
        ? ok('admin tokens', 'JWT_SECRET is long and varied')
        : failed('admin tokens', 'JWT_SECRET can be guessed', 'set it to the output of: openssl rand -hex 32');
    case 'public-key':
    case 'jwks':
      return issuer === null
        ? warning('admin tokens', 'any token of the issuer’s key is taken', 'set JWT_ISSUER and JWT_AUDIENCE')
        : ok('admin tokens', 'verified with the issuer’s public key');
  }
}

function checkTokens({ bootstrapTokens }: Config): Finding {
  const weak = bootstrapTokens.filter(({ token }) => !isStrong(token, strongTokenLength)).map(({ name }) => name);
  if (weak.length > 0) {
    return failed(
      'service tokens',
      `SERVICE_TOKENS: ${weak.join(', ')} can be guessed`,
      'replace them: openssl rand -hex 32',
    );
  }
  const wide = bootstrapTokens.filter(({ tenants }) => tenants === null).map(({ name }) => name);
  return wide.length === 0
    ? ok('service tokens', `${bootstrapTokens.length} in SERVICE_TOKENS`)
    : warning(
        'service tokens',
        `${wide.join(', ')} work for every tenant`,
        'name their tenants: name:token:tenant|tenant',
      );
}

function checkEncryptionKeys({ encryptionKeys }: Config): Finding {
  if (encryptionKeys === null) return ok('encryption keys', 'generated in DATA_DIR (development): keep a copy of them');
  const flat = encryptionKeys.filter(({ key }) => new Set(key).size < leastDistinct).map(({ id }) => id);
  return flat.length === 0
    ? ok('encryption keys', `${encryptionKeys.length}, the first seals: ${encryptionKeys[0]?.id}`)
    : failed(
        'encryption keys',
        `${flat.join(', ')} can be guessed`,
        'make one with: openssl rand -base64 32, then "secret rotate"',
      );
}

function isStrong(secret: string, length: number): boolean {
  return secret.length >= length && new Set(secret).size >= leastDistinct;
}

/** Whether rotation is finished. */
export async function checkSealed(db: Database, keyring: Keyring): Promise<Finding> {
  const outdated = await countOutdated(db, keyring.currentKeyId);
  return outdated === 0
    ? ok('sealed secrets', `all are sealed with "${keyring.currentKeyId}"`)
    : warning(
        'sealed secrets',
        `${outdated} are sealed with another key than "${keyring.currentKeyId}"`,
        'run "secret rotate"',
      );
}
