/** Checks an address that a user wants to configure, and explains a refusal. */
import { TransportError } from './exchange.ts';
import type { Outbound } from './http-client.ts';

/** The check ends after this time, because the user waits for it. */
const lookupMs = 3_000;

/**
 * Returns why requests to `url` are refused; null if they are allowed. A name that does not resolve is accepted: it may
 * resolve later, and each request is checked again.
 */
export async function refusalOf(outbound: Pick<Outbound, 'check'>, url: string): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const deadline = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), lookupMs);
  });
  try {
    await Promise.race([outbound.check(url), deadline]);
    return null;
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    if (error.fault !== 'blocked') return null;
    return error.cause instanceof Error ? error.cause.message : 'it is refused';
  } finally {
    clearTimeout(timer);
  }
}
