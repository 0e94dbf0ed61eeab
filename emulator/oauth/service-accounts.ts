/** The emulator's service accounts and their access tokens. */
import { createPublicKey, generateKeyPair, type KeyObject, randomBytes } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import type { Clock } from '../../src/clock.ts';
import type { VendorContext } from '../vendor.ts';

export interface ServiceAccount {
  readonly email: string;
  readonly projectId: string;
  /** null: the key is unknown, so its signatures are accepted without a check. */
  readonly publicKey: KeyObject | null;
}

export interface AccessToken {
  readonly account: ServiceAccount;
  readonly scopes: readonly string[];
  readonly expiresAtMs: number;
}

/** The JSON key file of a service account, as Google's console issues it. */
export interface ServiceAccountKey {
  readonly type: 'service_account';
  readonly project_id: string;
  readonly private_key_id: string;
  readonly private_key: string;
  readonly client_email: string;
  readonly client_id: string;
  readonly token_uri: string;
}

const ownEmail = 'integration-service@emulated-project.iam.gserviceaccount.com';
const maxAccounts = 1_000;
/** Above it the oldest token stops working, and its holder gets a new one. */
const maxTokens = 10_000;
const generateKeyPairAsync = promisify(generateKeyPair);

export class ServiceAccounts {
  readonly #clock: Clock;
  readonly #keyFile: string | null;
  readonly #accounts = new Map<string, ServiceAccount>();
  readonly #tokens = new Map<string, AccessToken>();
  #own: Promise<Omit<ServiceAccountKey, 'token_uri'>> | null = null;
  /** How long a token works; Google says 3599 or 3600. Can be changed, to test expiry. */
  tokenTtlSeconds = 3599;

  constructor(clock: Clock, dataDir: string | null) {
    this.#clock = clock;
    this.#keyFile = dataDir === null ? null : join(dataDir, 'emulator', 'google-service-account.json');
  }

  /** Registers an account with its public key. Throws a RangeError for a bad key, or beyond 1,000 accounts. */
  register(email: string, projectId: string, publicKeyPem: string): void {
    if (this.#accounts.size >= maxAccounts && !this.#accounts.has(email)) throw new RangeError('too many accounts');
    let publicKey: KeyObject;
    try {
      publicKey = createPublicKey(publicKeyPem);
    } catch (error) {
      throw new RangeError('public_key: no PEM key', { cause: error });
    }
    this.#accounts.set(email, { email, projectId, publicKey });
  }

  find(email: string): ServiceAccount | null {
    return this.#accounts.get(email) ?? null;
  }

  /** An account from elsewhere is accepted like any key of the maps, so that a user's own key file works at once. */
  findOrTrust(email: string): ServiceAccount {
    const projectId = /@([^.@]+)\.iam\.gserviceaccount\.com$/.exec(email)?.[1] ?? email;
    return this.#accounts.get(email) ?? { email, projectId, publicKey: null };
  }

  issueToken(account: ServiceAccount, scopes: readonly string[]): string {
    const oldest = this.#tokens.keys().next().value;
    if (this.#tokens.size >= maxTokens && oldest !== undefined) this.#tokens.delete(oldest);
    const token = `ya29.c.emulated-${randomBytes(24).toString('base64url')}`;
    this.#tokens.set(token, { account, scopes, expiresAtMs: this.#clock.now() + this.tokenTtlSeconds * 1000 });
    return token;
  }

  /** null if the token is unknown or expired. */
  resolveToken(token: string): AccessToken | null {
    const found = this.#tokens.get(token);
    return found !== undefined && found.expiresAtMs > this.#clock.now() ? found : null;
  }

  /** Makes all tokens issued so far invalid. */
  expireTokens(): void {
    this.#tokens.clear();
  }

  /** A key that works with this emulator; stored in the data directory, so that it works after a restart too. */
  async ownKey(tokenUri: string): Promise<ServiceAccountKey> {
    this.#own ??= this.#loadOrMakeOwnKey();
    return { ...(await this.#own), token_uri: tokenUri };
  }

  /** Creates another account, for tests with several. */
  async makeKey(email: string, projectId: string, tokenUri: string): Promise<ServiceAccountKey> {
    return { ...(await this.#makeKey(email, projectId)), token_uri: tokenUri };
  }

  async #loadOrMakeOwnKey(): Promise<Omit<ServiceAccountKey, 'token_uri'>> {
    const kept = this.#readKeyFile();
    if (kept !== null) {
      this.register(kept.client_email, kept.project_id, kept.private_key);
      return kept;
    }
    const made = await this.#makeKey(ownEmail, 'emulated-project');
    if (this.#keyFile !== null) {
      mkdirSync(dirname(this.#keyFile), { recursive: true });
      writeFileSync(`${this.#keyFile}.new`, JSON.stringify(made, null, 2), { mode: 0o600 });
      renameSync(`${this.#keyFile}.new`, this.#keyFile);
    }
    return made;
  }

  #readKeyFile(): Omit<ServiceAccountKey, 'token_uri'> | null {
    if (this.#keyFile === null) return null;
    try {
      return JSON.parse(readFileSync(this.#keyFile, 'utf8')) as Omit<ServiceAccountKey, 'token_uri'>;
    } catch {
      return null; // Missing, or truncated by a crash: a new one is created.
    }
  }

  async #makeKey(email: string, projectId: string): Promise<Omit<ServiceAccountKey, 'token_uri'>> {
    const { privateKey, publicKey } = await generateKeyPairAsync('rsa', {
      modulusLength: 2048,
      publicKeyEncoding: { type: 'spki', format: 'pem' },
      privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
    });
    this.register(email, projectId, publicKey);
    return {
      type: 'service_account',
      project_id: projectId,
      private_key_id: randomBytes(20).toString('hex'),
      private_key: privateKey,
      client_email: email,
      client_id: BigInt(`0x${randomBytes(8).toString('hex')}`).toString(),
    };
  }
}

const registries = new WeakMap<object, ServiceAccounts>();

/** The accounts of one emulator, shared by its token endpoint and its Sheets. */
export function serviceAccountsOf(context: VendorContext): ServiceAccounts {
  const known = registries.get(context.control);
  if (known !== undefined) return known;
  const made = new ServiceAccounts(context.clock, context.dataDir);
  registries.set(context.control, made);
  return made;
}

/** The accounts of a started emulator. */
export function accountsOfEmulator(emulator: { readonly control: object }): ServiceAccounts {
  const known = registries.get(emulator.control);
  if (known === undefined) throw new Error('this emulator serves no Google accounts');
  return known;
}

/** A service-account key file for this emulator, as the text that a service is configured with. */
export async function emulatedGoogleCredentials(emulator: {
  readonly control: object;
  readonly url: string;
}): Promise<string> {
  return JSON.stringify(await accountsOfEmulator(emulator).ownKey(`${emulator.url}/token`));
}
