/** On a sphere, which is right to half a percent. */
export function metersBetween(latitudeA: number, longitudeA: number, latitudeB: number, longitudeB: number): number {
  const radians = Math.PI / 180;
  const sinLatitude = Math.sin(((latitudeB - latitudeA) * radians) / 2);
  const sinLongitude = Math.sin(((longitudeB - longitudeA) * radians) / 2);
  const h =
    sinLatitude * sinLatitude +
    Math.cos(latitudeA * radians) * Math.cos(latitudeB * radians) * sinLongitude * sinLongitude;
  return 2 * 6_371_008.8 * Math.asin(Math.min(1, Math.sqrt(h)));
}
