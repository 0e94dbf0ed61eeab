/** One entry of `GET /problems`, and a service's pause as it is shown there. */

/** In wire names. */
export interface Problem {
  readonly kind: string;
  readonly severity: 'critical' | 'warning';
  /** null: as this list is made; it is remembered from then on. */
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
