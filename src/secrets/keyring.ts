/**
 * Encrypts secrets at rest with AES-256-GCM (NIST SP 800-38D), with a key id, bound to their place.
 *
 * A sealed text is `v1:<key id>:<iv, base64url>:<ciphertext and tag, base64url>`. The binding is authenticated but not
 * stored: a value copied to another row, column or tenant does not decrypt. Each IV is 96 random bits, so one key may
 * seal about 2^32 values (section 8.3); rotation starts long before.
 */
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import type { EncryptionKey } from '../config/config.ts';

/** The place of a sealed value. All four members are authenticated. */
export interface SealBinding {
  readonly table: string;
  readonly rowId: string;
  readonly tenantId: string;
  readonly column: string;
}

/** The text or bytes cannot be decrypted. The message contains no secret. */
export class SealBroken extends Error {
  constructor(reason: string, cause?: unknown) {
    super(`could not decrypt a sealed value: ${reason}`, cause === undefined ? undefined : { cause });
    this.name = 'SealBroken';
  }
}

/** Encrypts and decrypts with the configured keys. */
export interface Keyring {
  /** Encrypts with the first key. */
  seal(plain: string, binding: SealBinding): string;
  /** Decrypts with the key that the text names. Throws `SealBroken`. */
  open(sealed: string, binding: SealBinding): string;
  /** As `seal`, from bytes to bytes (the spool): `[1][key id length][key id][iv][ciphertext][tag]`. */
  sealBytes(plain: Buffer, binding: SealBinding): Buffer;
  openBytes(sealed: Buffer, binding: SealBinding): Buffer;
  /** The id of the key that encrypts; it is not secret. */
  readonly currentKeyId: string;
  /**
   * Calculates an HMAC-SHA-256 with a key derived from the key `keyId` for `purpose`. Throws `SealBroken` if that key
   * does not exist.
   */
  authenticate(data: Buffer, purpose: string, keyId?: string): Buffer;
}

const ivBytes = 12;
const tagBytes = 16;
const binaryVersion = 1;
const algorithm = 'aes-256-gcm';

/**
 * Creates a keyring: the first key encrypts, all keys decrypt. Throws if there is no key, or one is not 32 bytes long.
 */
export function createKeyring(keys: readonly EncryptionKey[]): Keyring {
  const [current] = keys;
  if (current === undefined) throw new Error('a keyring needs at least one key');
  for (const { id, key } of keys) {
    if (key.length !== 32) throw new Error(`the key "${id}" must be 32 bytes`);
  }
  const keyById = new Map(keys.map(({ id, key }) => [id, key]));
  const findKey = (id: string): Buffer => {
    const key = keyById.get(id);
    if (key === undefined) throw new SealBroken(`no key "${id}" in ENCRYPTION_KEYS`);
    return key;
  };

  return {
    currentKeyId: current.id,
    seal(plain, binding) {
      const { iv, data } = encrypt(current.key, Buffer.from(plain, 'utf8'), binding);
      return `v1:${current.id}:${iv.toString('base64url')}:${data.toString('base64url')}`;
    },
    open(sealed, binding) {
      const { keyId, iv, data } = parseSealed(sealed);
      return decrypt(findKey(keyId), iv, data, binding).toString('utf8');
    },
    sealBytes(plain, binding) {
      const { iv, data } = encrypt(current.key, plain, binding);
      const keyId = Buffer.from(current.id, 'utf8');
      return Buffer.concat([Buffer.from([binaryVersion, keyId.length]), keyId, iv, data]);
    },
    openBytes(sealed, binding) {
      const idEnd = 2 + (sealed[1] ?? 0);
      if (sealed[0] !== binaryVersion || sealed.length < idEnd + ivBytes + tagBytes) {
        throw new SealBroken('it does not have the sealed format');
      }
      const key = findKey(sealed.toString('utf8', 2, idEnd));
      return decrypt(key, sealed.subarray(idEnd, idEnd + ivBytes), sealed.subarray(idEnd + ivBytes), binding);
    },
    authenticate(data, purpose, keyId = current.id) {
      const derived = hkdfSync('sha256', findKey(keyId), Buffer.alloc(0), `integration-service ${purpose}`, 32);
      return createHmac('sha256', Buffer.from(derived)).update(data).digest();
    },
  };
}

/** JSON separates the four members unambiguously, so no two places have the same data. */
function authenticatedData({ table, rowId, tenantId, column }: SealBinding): Buffer {
  return Buffer.from(JSON.stringify([table, rowId, tenantId, column]), 'utf8');
}

function encrypt(key: Buffer, plain: Buffer, binding: SealBinding): { iv: Buffer; data: Buffer } {
  const iv = randomBytes(ivBytes);
  const cipher = createCipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  cipher.setAAD(authenticatedData(binding));
  return { iv, data: Buffer.concat([cipher.update(plain), cipher.final(), cipher.getAuthTag()]) };
}

function decrypt(key: Buffer, iv: Buffer, data: Buffer, binding: SealBinding): Buffer {
  if (iv.length !== ivBytes || data.length < tagBytes) throw new SealBroken('it does not have the sealed format');
  const decipher = createDecipheriv(algorithm, key, iv, { authTagLength: tagBytes });
  decipher.setAAD(authenticatedData(binding));
  decipher.setAuthTag(data.subarray(data.length - tagBytes));
  try {
    return Buffer.concat([decipher.update(data.subarray(0, data.length - tagBytes)), decipher.final()]);
  } catch (error) {
    throw new SealBroken('wrong key, wrong place, or changed data', error);
  }
}

function parseSealed(sealed: string): { keyId: string; iv: Buffer; data: Buffer } {
  const [version, keyId, iv, data, ...rest] = sealed.split(':');
  if (version !== 'v1' || !keyId || !iv || !data || rest.length > 0) {
    throw new SealBroken('it does not have the sealed format');
  }
  return { keyId, iv: Buffer.from(iv, 'base64url'), data: Buffer.from(data, 'base64url') };
}
