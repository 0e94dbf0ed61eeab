/** Secrets that development makes for itself and keeps in `DATA_DIR`, so that a first start needs no preparation. */
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EncryptionKey } from '../config/config.ts';
import { makeFolder } from '../files/make-folder.ts';

/**
 * The encryption keys of a development machine: read from `DATA_DIR/encryption-keys` (`id:base64`, comma-separated, as
 * in `ENCRYPTION_KEYS`), or made there, readable by its owner only. Losing the file loses what was sealed with it.
 */
export function loadOrCreateKeys(dataDir: string): EncryptionKey[] {
  const text = loadOrCreateSecret(join(dataDir, 'encryption-keys'), () => `dev:${randomBytes(32).toString('base64')}`);
  return text.split(',').map((part) => {
    const [id = '', encoded = ''] = part.trim().split(':');
    const key = Buffer.from(encoded, 'base64');
    if (id === '' || key.length !== 32) throw new Error(`${join(dataDir, 'encryption-keys')} is damaged`);
    return { id, key };
  });
}

/** The HS256 secret that signs and verifies admin tokens of a development machine. */
export function loadOrCreateJwtSecret(dataDir: string): string {
  return loadOrCreateSecret(join(dataDir, 'jwt-secret'), () => randomBytes(48).toString('base64url'));
}

/** The service token that the start-up banner shows where `SERVICE_TOKENS` is not set. */
export function loadOrCreateServiceToken(dataDir: string): string {
  return loadOrCreateSecret(join(dataDir, 'service-token'), () => `is_dev_${randomBytes(24).toString('base64url')}`);
}

/**
 * Two processes may start at once on one folder: the text is written aside and linked into place, which fails where the
 * other one was first, and then the other one's is read.
 */
function loadOrCreateSecret(path: string, make: () => string): string {
  const existing = readIfThere(path);
  if (existing !== null) return existing;
  makeFolder(dirname(path));
  const aside = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(aside, `${make()}\n`, { mode: 0o600, flag: 'wx' });
  try {
    chmodSync(aside, 0o600);
    linkSync(aside, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(aside);
  }
  const made = readIfThere(path);
  if (made === null) throw new Error(`${path} is empty`);
  return made;
}

function readIfThere(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? null : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
