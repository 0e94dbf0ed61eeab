/** Tokens are only compared, so only their hash is stored, in tables and in memory. */
import { createHash, hash, timingSafeEqual } from 'node:crypto';

/** SHA-256. Our tokens are long and random, so a slow password hash would only add cost. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** The hash as a map key. The one-shot function takes half the time of a hash object. */
export function hashTokenHex(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Compares texts in constant time: both are hashed, and the hashes compared. */
export function constantTimeEqual(left: string, right: string): boolean {
  return timingSafeEqual(hashToken(left), hashToken(right));
}
