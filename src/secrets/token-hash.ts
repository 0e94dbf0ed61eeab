/** Tokens are only ever compared, so only their hash is kept, in tables and in memory. */
import { createHash, hash, timingSafeEqual } from 'node:crypto';

/** SHA-256. Our tokens are random and long, so that a slow password hash would add cost and no safety. */
export function hashToken(token: string): Buffer {
  return createHash('sha256').update(token, 'utf8').digest();
}

/** The same as a map key. The one-shot form costs half of an object. */
export function hashTokenHex(token: string): string {
  return hash('sha256', token, 'hex');
}

/** Compares texts in constant time: both are hashed, and the hashes compared. */
export function constantTimeEqual(left: string, right: string): boolean {
  return timingSafeEqual(hashToken(left), hashToken(right));
}
