/** Secrets that development generates and stores in `DATA_DIR`, so that a first start needs no preparation. */
import { randomBytes } from 'node:crypto';
import { chmodSync, linkSync, readFileSync, unlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { EncryptionKey } from '../config/config.ts';
import { makeFolder } from '../files/make-folder.ts';

/**
 * The encryption keys of a development machine: read from `DATA_DIR/encryption-keys` (`id:base64`, comma-separated, as
 * in `ENCRYPTION_KEYS`), or generated there, readable only by the owner. Without the file, all values sealed with its
 * keys are lost.
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

/** The service token that the start-up banner shows if `SERVICE_TOKENS` is not set. */
export function loadOrCreateServiceToken(dataDir: string): string {
  return loadOrCreateSecret(join(dataDir, 'service-token'), () => `is_dev_${randomBytes(24).toString('base64url')}`);
}

/**
 * Two processes may start on one folder at the same time: each writes a temporary file and links it to `path`, which
 * only the first can do. The other one reads the first one's secret.
 */
function loadOrCreateSecret(path: string, make: () => string): string {
  const existing = readIfExists(path);
  if (existing !== null) return existing;
  makeFolder(dirname(path));
  const temporary = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(temporary, `${make()}\n`, { mode: 0o600, flag: 'wx' });
  try {
    chmodSync(temporary, 0o600);
    linkSync(temporary, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    unlinkSync(temporary);
  }
  const made = readIfExists(path);
  if (made === null) throw new Error(`${path} is empty`);
  return made;
}

function readIfExists(path: string): string | null {
  try {
    const text = readFileSync(path, 'utf8').trim();
    return text === '' ? null : text;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}
