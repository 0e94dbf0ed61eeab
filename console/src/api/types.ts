/** The API types that the console uses: those of `/openapi.json` under the pages' names. */
import type { Answers } from './schema.ts';

export type Service = Answers['GET /services/{id}'];
export type ServiceList = Answers['GET /services'];
export type Change = Answers['GET /services/{id}/history']['changes'][number];
export type LatestChange = Answers['GET /changes']['changes'][number];
export type CallLog = Answers['GET /logs/{id}'];
export type CallStory = Answers['GET /calls/{request_id}'];
export type LogPage = Answers['GET /logs'];
export type Limits = Answers['GET /rate-limits'];
export type LimitWindow = Limits['families'][number]['windows'][number];
export type Explanation = Answers['GET /rate-limits/explain'];
export type LimitPreview = Answers['POST /rate-limits/preview'];
export type Costs = Answers['GET /costs'];
export type CostRow = Costs['rows'][number];
export type Budget = Answers['GET /budgets/{service_name}'];
export type Webhook = Answers['GET /webhooks/{id}'];
export type SourceAnswer = Answers['GET /webhooks/sources']['sources'][number];
export type SignatureVerdict = Answers['POST /webhooks/{id}/explain-signature'];
export type Delivery = Answers['GET /webhooks/events']['events'][number];
export type WholeDelivery = Answers['GET /webhooks/events/{id}'];
export type Redrive = Answers['GET /webhooks/redrives/{id}'];
export type RedriveCount = Answers['POST /webhooks/redrives'];
export type Token = Answers['GET /tokens/{id}'];
export type MadeToken = Answers['POST /tokens'];
export type RotatedToken = Answers['POST /tokens/{id}/rotate'];
export type CacheStats = Answers['GET /cache/stats'];
export type CacheEntry = Answers['GET /cache/entries']['entries'][number];
export type Place = Answers['POST /geocoding/geocode'];

export interface Problem {
  readonly kind: string;
  readonly severity: string;
  readonly since: string | null;
  readonly message: string;
  readonly message_ru?: string;
  readonly link?: string | null;
  readonly service?: string | null;
  readonly count?: number | null;
}

export interface SeriesAnswer {
  readonly series: readonly {
    readonly labels: Readonly<Record<string, string>>;
    readonly points: readonly (readonly [string | number, number | null])[];
  }[];
}

export interface BusEvent extends Readonly<Record<string, unknown>> {
  readonly event_id: string;
  readonly event_type: string;
  readonly timestamp: string;
  readonly service_name?: string | null;
  readonly correlation_id?: string | null;
}
