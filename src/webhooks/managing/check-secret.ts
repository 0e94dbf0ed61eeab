/** What a secret of a webhook must be. */
import { invalidInput } from '../../errors.ts';
import type { SignatureScheme } from '../receiving/verify-signature.ts';
import { parseP256Key } from '../schemes/ecdsa.ts';

/** Shorter secrets can be guessed. */
const minSecretLength = 3;
const minStandardSecretBytes = 16;

/** Throws `INVALID_REQUEST` if the scheme cannot use the secret, or if it is easy to guess. */
export function checkSecret(scheme: SignatureScheme, secret: string): void {
  if (secret.trim().length < minSecretLength) {
    throw invalidInput(
      'secret_key',
      `must be at least ${minSecretLength} characters`,
      `не короче ${minSecretLength} знаков`,
    );
  }
  if (secret.trim() === '') throw invalidInput('secret_key', 'must not be blank', 'не может быть пустым');
  if (scheme === 'ecdsa_p256') {
    if (secret.includes('PRIVATE KEY'))
      throw invalidInput('secret_key', 'must not be the private key', 'закрытый ключ сюда нельзя');
    if (parseP256Key(secret) === null)
      throw invalidInput(
        'secret_key',
        'must be a P-256 public key, PEM or base64 DER',
        'ожидается открытый ключ P-256, PEM или DER в base64',
      );
    return;
  }
  if (scheme === 'basic' && !/^[^:\p{Cc}]*:[^\p{Cc}]+$/u.test(secret)) {
    throw invalidInput('secret_key', 'must be user:password', 'ожидается имя:пароль');
  }
  if (scheme === 'header_token' && !/^(?!Bearer$)[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/i.test(secret)) {
    throw invalidInput(
      'secret_key',
      'must be what a header can hold, without blanks around it',
      'ожидается то, что помещается в заголовок, без пробелов по краям',
    );
  }
  if (scheme === 'telegram' && !/^[A-Za-z0-9_-]{1,256}$/.test(secret)) {
    throw invalidInput(
      'secret_key',
      'must be 1 to 256 of A-Z, a-z, 0-9, _ and -, as Telegram asks',
      'ожидается от 1 до 256 знаков A-Z, a-z, 0-9, _ и -, как требует Telegram',
    );
  }
  if (scheme !== 'standard_webhooks') {
    // Checked for a kept key too, when the scheme changes: used as a secret, everyone who can verify could also sign.
    if (secret.startsWith('whpk_'))
      throw invalidInput('secret_key', 'must not be a public key (whpk_)', 'открытый ключ (whpk_) сюда нельзя');
    return;
  }
  // Its letters and underscore are URL-safe base64, so it would pass as a secret, which the sender does not use.
  if (secret.startsWith('whsk_')) {
    throw invalidInput(
      'secret_key',
      'must not be the private key (whsk_), which is its sender’s alone: give whpk_',
      'закрытый ключ (whsk_) есть только у отправителя: введите whpk_',
    );
  }
  const isPublicKey = secret.startsWith('whpk_');
  const length = base64Length(secret.replace(/^wh(?:sec|pk)_/, ''));
  if (isPublicKey ? length !== 32 : length < minStandardSecretBytes) {
    const expected = `must be whsec_ and the base64 of ${minStandardSecretBytes} bytes or more`;
    throw invalidInput(
      'secret_key',
      `${expected}, or whpk_ and the base64 of an ed25519 key`,
      `ожидается whsec_ и base64 от ${minStandardSecretBytes} байт или whpk_ и base64 ключа ed25519`,
    );
  }
}

/**
 * How many bytes a base64 text of either alphabet holds; 0 where it is not base64: Node ignores characters that do not
 * belong.
 */
function base64Length(text: string): number {
  return /^[A-Za-z0-9+/_-]+={0,2}$/.test(text) ? Buffer.from(text, 'base64').length : 0;
}

export function checkTargetSecret(secret: string): void {
  const bytes = base64Length(secret.replace(/^whsec_/, ''));
  if (!secret.startsWith('whsec_') || bytes < 24 || bytes > 64) {
    throw invalidInput(
      'target_secret',
      'must be whsec_ and the base64 of 24 to 64 bytes',
      'ожидается whsec_ и base64 от 24 до 64 байт',
    );
  }
}
