/**
 * Invented but plausible routes: longer than the straight line, by an amount that is always the same for the same ends.
 */
import { metersBetween } from '../../src/distance.ts';
import { stableFraction } from './located.ts';

export interface Point {
  readonly latitude: number;
  readonly longitude: number;
}

export type TravelMode = 'driving' | 'walking' | 'bicycling' | 'transit';

const metersPerSecond: Readonly<Record<TravelMode, number>> = { driving: 9, walking: 1.35, bicycling: 4.5, transit: 6 };
/** Ends farther apart are on different continents. */
const maxRouteMeters = 8_000_000;

export function straightMeters(from: Point, to: Point): number {
  return metersBetween(from.latitude, from.longitude, to.latitude, to.longitude);
}

/** null if there is no route. */
export function travel(from: Point, to: Point, mode: TravelMode): { meters: number; seconds: number } | null {
  const straight = straightMeters(from, to);
  if (straight > maxRouteMeters) return null;
  const detour = 1.2 + 0.25 * stableFraction(`${from.latitude},${from.longitude} ${to.latitude},${to.longitude}`);
  const meters = Math.round(straight * (mode === 'walking' ? detour * 0.95 : detour));
  // Long drives leave the city, where speed doubles.
  const speed = mode === 'driving' && meters > 30_000 ? metersPerSecond.driving * 2 : metersPerSecond[mode];
  return { meters, seconds: Math.round(meters / speed) };
}
