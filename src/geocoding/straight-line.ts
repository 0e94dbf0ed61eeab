import geodesic from 'geographiclib-geodesic';
import type { Coordinates } from '../providers/geocoding.ts';

const { Geodesic } = geodesic;

/**
 * Metres along the WGS 84 ellipsoid, by Karney's algorithm: exact to nanometres, and it converges for points opposite
 * each other on the globe too, where Vincenty's does not.
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
