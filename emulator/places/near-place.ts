/** Finds the places at a point, nearest first, then those that enclose it. */
import { bundledGazetteer } from '../../src/providers/offline_gazetteer/gazetteer.ts';
import { enclosing, findTown, locateHouse, locateLandmark, locateMatch } from './find-place.ts';
import { landmarks } from './landmarks.ts';
import { type Located, nearestHouse } from './located.ts';
import { streets } from './streets.ts';
import { straightMeters } from './travel.ts';

const maxStreetMeters = 1_500;
const maxTownMeters = 50_000;

/** Empty in a desert or at sea. */
export async function nearPlaces(latitude: number, longitude: number): Promise<readonly Located[]> {
  const nearest = streets
    .map((street) => ({ street, ...nearestHouse(street, latitude, longitude) }))
    .reduce((best, each) => (each.distanceMeters < best.distanceMeters ? each : best));
  if (nearest.distanceMeters <= maxStreetMeters) {
    const city = await findTown(nearest.street.cityId);
    if (city !== null) {
      const house = locateHouse(nearest.street, city, nearest.house);
      return [house, ...enclosing(house)];
    }
  }
  const { place, distanceMeters } = await bundledGazetteer.nearest(latitude, longitude);
  if (distanceMeters > maxTownMeters) return [];
  const town = locateMatch({ kind: 'city', city: place }, false);
  return [town, ...enclosing(town)];
}

/** Landmarks of one kind, nearest first, for a vendor's filter by kind. */
export async function nearLandmarks(
  kind: 'metro' | 'area',
  latitude: number,
  longitude: number,
): Promise<readonly Located[]> {
  const found = landmarks
    .filter((landmark) => landmark.kind === kind)
    .map((landmark) => ({ landmark, meters: straightMeters({ latitude, longitude }, landmark) }))
    .filter(({ meters }) => meters < maxTownMeters)
    .sort((a, b) => a.meters - b.meters);
  return Promise.all(found.map(({ landmark }) => locateLandmark(landmark)));
}
