/** Open Location Codes, which Google adds to results: https://github.com/google/open-location-code */
const alphabet = '23456789CFGHJMPQRVWX';

/** The ten-digit code of a point, `8JHH8C5R+2X`: five pairs, each a twentieth of the one before. */
export function plusCode(latitude: number, longitude: number): string {
  // In units of the last pair, 1/8000 degree.
  let y = Math.floor((Math.min(latitude, 89.9999) + 90) * 8_000);
  let x = Math.floor(((((longitude + 180) % 360) + 360) % 360) * 8_000);
  let code = '';
  for (let pair = 0; pair < 5; pair += 1) {
    code = `${alphabet[y % 20]}${alphabet[x % 20]}${code}`;
    y = Math.floor(y / 20);
    x = Math.floor(x / 20);
  }
  return `${code.slice(0, 8)}+${code.slice(8)}`;
}
