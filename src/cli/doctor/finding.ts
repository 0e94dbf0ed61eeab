/** A finding of `doctor`. */
export type FindingStatus = 'ok' | 'warning' | 'failed';

export interface Finding {
  readonly check: string;
  readonly status: FindingStatus;
  /** The finding in words, without secrets. */
  readonly detail: string;
  /** What to do about it; null if nothing. */
  readonly remedy: string | null;
}

export const ok = (check: string, detail: string): Finding => ({ check, status: 'ok', detail, remedy: null });

export const warning = (check: string, detail: string, remedy: string): Finding => ({
  check,
  status: 'warning',
  detail,
  remedy,
});

export const failed = (check: string, detail: string, remedy: string): Finding => ({
  check,
  status: 'failed',
  detail,
  remedy,
});

/** A failing check does not stop the others. */
export async function findingsOf(check: string, run: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await run();
  } catch (error) {
    return [failed(check, reasonOf(error), 'see the reason; the check itself could not be finished')];
  }
}

/** The system's error codes in plain words. */
const meanings: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens there',
  ENOTFOUND: 'no such host name is known',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'it does not answer',
  EHOSTUNREACH: 'there is no way to that machine',
  ENETUNREACH: 'there is no way to that network',
  ECONNRESET: 'it closed the connection',
  EACCES: 'not permitted',
  ENOSPC: 'the disk is full',
};

/** Drivers report several refused addresses with an empty message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') {
    return [...new Set(error.errors.map(reasonOf))].join('; ');
  }
  if (!(error instanceof Error)) return String(error);
  if (error.cause !== undefined) return `${error.message}: ${reasonOf(error.cause)}`;
  const meaning = meanings[String((error as NodeJS.ErrnoException).code)];
  return meaning === undefined ? error.message : `${meaning} (${error.message})`;
}
