/**
 * `config.regions` of a service: other priorities by country or area, so that the provider that knows a place best is
 * asked first there.
 */
import { type InputFault, words } from '../errors.ts';
import type { Box } from '../providers/geocoding.ts';
import { isWithin } from '../providers/plausible.ts';
import type { ExternalService } from './service.ts';

/** The place that a question concerns, as far as it names one. */
export interface QuestionPlace {
  /** ISO 3166-1 alpha-2. */
  readonly country: string | null;
  /** An area, or a point as an area without extent. */
  readonly area: Box | null;
}

interface Region {
  readonly country?: string;
  readonly bounds?: Box;
  readonly priority?: number;
}

/** Before all services without a priority. */
const defaultPriority = 0;

/** The service's priority for questions about this place: the first region that contains the place counts. */
export function priorityAt({ config, priority }: ExternalService, place: QuestionPlace | null): number {
  if (place === null || !Array.isArray(config.regions)) return priority;
  const region = (config.regions as readonly Region[]).find((each) => isIn(place, each));
  return region === undefined ? priority : (region.priority ?? defaultPriority);
}

/** The centre of the question's area counts, because an area rarely lies completely inside another. */
function isIn({ country, area }: QuestionPlace, region: Region): boolean {
  if (region.country !== undefined && region.country.toUpperCase() !== country) return false;
  if (region.bounds === undefined) return region.country !== undefined;
  if (area === null) return false;
  const centre = { latitude: (area.south + area.north) / 2, longitude: (area.west + area.east) / 2 };
  return isWithin(region.bounds, centre);
}

const sides = ['south', 'west', 'north', 'east'] as const;

export function faultsOfRegions(regions: unknown): readonly InputFault[] {
  const path = 'config.regions';
  if (regions === undefined) return [];
  if (!Array.isArray(regions))
    return [
      {
        path,
        ...words(
          'must be a list of {country?, bounds?, priority?}',
          'ожидается список из {country?, bounds?, priority?}',
        ),
      },
    ];
  return regions.flatMap((region: unknown, index) => faultsOfRegion(`${path}[${index}]`, region));
}

function faultsOfRegion(path: string, region: unknown): InputFault[] {
  if (typeof region !== 'object' || region === null)
    return [{ path, ...words('must be an object', 'ожидается объект') }];
  const { country, bounds, priority } = region as Record<string, unknown>;
  const faults: InputFault[] = [];
  if (country === undefined && bounds === undefined)
    faults.push({ path, ...words('must name a country or bounds', 'укажите country или bounds') });
  if (country !== undefined && (typeof country !== 'string' || !/^[A-Za-z]{2}$/.test(country))) {
    faults.push({
      path: `${path}.country`,
      ...words('must be an ISO 3166-1 code of two letters', 'ожидается код ISO 3166-1 из двух букв'),
    });
  }
  if (priority !== undefined && !Number.isInteger(priority)) {
    faults.push({ path: `${path}.priority`, ...words('must be a whole number', 'ожидается целое число') });
  }
  const box = bounds as Record<string, unknown> | null | undefined;
  if (bounds !== undefined && !sides.every((side) => Number.isFinite(box?.[side]))) {
    faults.push({
      path: `${path}.bounds`,
      ...words('must be {south, west, north, east} in degrees', 'ожидается {south, west, north, east} в градусах'),
    });
  }
  return faults;
}
