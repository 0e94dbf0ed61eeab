/** What every geocoding route is given. */
import type { Clock } from '../../../clock.ts';
import type { GeocodingDeps } from '../../../geocoding/geocode.ts';
import type { GeocodingSettingsDirectory } from '../../../geocoding/settings.ts';
import type { RateLimitHeaders } from '../../reply/rate-limit-headers.ts';

export interface GeocodingRouteDeps {
  geocoding: GeocodingDeps;
  /** They complete the questions of each tenant. */
  settings: GeocodingSettingsDirectory;
  limits: RateLimitHeaders;
  clock: Clock;
  /** How long one call may take, all its providers and retries together. */
  deadlineMs: number;
}
