import geodesic from 'geographiclib-geodesic';
import type { Coordinates } from '../providers/geocoding.ts';

const { Geodesic } = geodesic;

/**
 * Metres along the WGS 84 ellipsoid, by Karney's algorithm. It is exact to nanometres and, unlike Vincenty's, also
 * converges for points on opposite sides of the globe.
 */
export function measureStraightLineMeters(origin: Coordinates, destination: Coordinates): number {
  const line = Geodesic.WGS84.Inverse(
    origin.latitude,
    origin.longitude,
    destination.latitude,
    destination.longitude,
    Geodesic.DISTANCE,
  );
  return line.s12 as number;
}
