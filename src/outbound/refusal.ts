/** What the outbound policy says of an address that somebody wants to configure, in words for them. */
import { TransportError } from './exchange.ts';
import type { Outbound } from './http-client.ts';

/** A name server that says nothing for longer must not hold up the one who configures. */
const lookupMs = 3_000;

/**
 * Why nothing may be sent to `url`; null where it may. A name that does not resolve now is no refusal: it may do so
 * tomorrow, and each call is checked again.
 */
export async function refusalOf(outbound: Pick<Outbound, 'check'>, url: string): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined;
  const patience = new Promise<null>((resolve) => {
    timer = setTimeout(() => resolve(null), lookupMs);
  });
  try {
    await Promise.race([outbound.check(url), patience]);
    return null;
  } catch (error) {
    if (!(error instanceof TransportError)) throw error;
    if (error.fault !== 'blocked') return null;
    return error.cause instanceof Error ? error.cause.message : 'it is refused';
  } finally {
    clearTimeout(timer);
  }
}
