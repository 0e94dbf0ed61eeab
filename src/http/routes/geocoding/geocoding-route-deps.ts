/** Dependencies of every geocoding route. */
import type { Clock } from '../../../clock.ts';
import type { GeocodingDeps } from '../../../geocoding/geocode.ts';
import type { GeocodingSettingsDirectory } from '../../../geocoding/settings.ts';
import type { RateLimitHeaders } from '../../reply/rate-limit-headers.ts';

export interface GeocodingRouteDeps {
  geocoding: GeocodingDeps;
  /** The settings that complete each tenant's questions. */
  settings: GeocodingSettingsDirectory;
  limits: RateLimitHeaders;
  clock: Clock;
  /** How long one call may take, with all its providers and retries. */
  deadlineMs: number;
}
