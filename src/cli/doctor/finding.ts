/** What a check of `doctor` found. */
export type FindingStatus = 'ok' | 'warning' | 'failed';

export interface Finding {
  readonly check: string;
  readonly status: FindingStatus;
  /** What is so, in words; no secrets. */
  readonly detail: string;
  /** What to do about it; null where nothing is to be done. */
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

/** Nothing that a check meets ends the others. */
export async function findingsOf(check: string, look: () => Promise<readonly Finding[]>): Promise<readonly Finding[]> {
  try {
    return await look();
  } catch (error) {
    return [failed(check, reasonOf(error), 'see the reason; the check itself could not be finished')];
  }
}

/** Drivers give several refused addresses an empty message. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError && error.message === '') return error.errors.map(reasonOf).join('; ');
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${reasonOf(error.cause)}`;
}
