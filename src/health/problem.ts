/** One entry of `GET /problems`, and the pause of a service. */

/** A problem in the API's names. */
export interface Problem {
  readonly kind: string;
  readonly severity: 'critical' | 'warning';
  /** null: the start is unknown; `list-problems.ts` sets when it was first seen. */
  readonly since: string | null;
  readonly message: string;
  readonly message_ru: string;
  readonly link: string;
  readonly service?: string;
  readonly count?: number;
}

export interface ServicePauseSeen {
  readonly because: 'retry_after' | 'credentials_refused' | 'failures';
  readonly untilMs: number;
}
