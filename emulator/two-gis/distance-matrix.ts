/** POST /get_dist_matrix: https://docs.2gis.com/en/api/navigation/distance-matrix/reference */
import { type Point, type TravelMode, travel } from '../places/travel.ts';
import { type EmulatorReply, type EmulatorRequest, jsonReply } from '../vendor.ts';

const maxEnds = 25;
const modes: Readonly<Record<string, TravelMode>> = {
  driving: 'driving',
  taxi: 'driving',
  truck: 'driving',
  walking: 'walking',
  bicycle: 'bicycling',
};

export function distanceMatrix({ body }: EmulatorRequest): EmulatorReply {
  const asked = parseBody(body.toString('utf8'));
  if (asked === null) return jsonReply(400, { message: 'Bad request: points, sources and targets are required' }, 0);
  const { points, sources, targets, mode } = asked;
  if (sources.length > maxEnds || targets.length > maxEnds) {
    return jsonReply(422, { message: `At most ${maxEnds} starting or end points` }, 0);
  }
  const routes = sources.flatMap((source) =>
    targets.map((target) => {
      const way = travel(points[source] as Point, points[target] as Point, mode);
      const ids = { source_id: source, target_id: target };
      if (way === null) return { ...ids, status: 'FAIL', distance: 0, duration: 0 };
      return { ...ids, status: 'OK', distance: way.meters, duration: way.seconds };
    }),
  );
  return jsonReply(200, { routes }, 0);
}

interface Asked {
  readonly points: readonly Point[];
  readonly sources: readonly number[];
  readonly targets: readonly number[];
  readonly mode: TravelMode;
}

function parseBody(text: string): Asked | null {
  let json: { points?: unknown; sources?: unknown; targets?: unknown; transport?: unknown };
  try {
    json = JSON.parse(text);
  } catch {
    return null;
  }
  const { points, sources, targets, transport = 'driving' } = json;
  const mode = modes[String(transport)];
  if (!Array.isArray(points) || !Array.isArray(sources) || !Array.isArray(targets) || mode === undefined) return null;
  const read = points.map(({ lat, lon }) => ({ latitude: lat, longitude: lon }));
  if (!read.every(({ latitude, longitude }) => Math.abs(latitude) <= 90 && Math.abs(longitude) <= 180)) return null;
  const isIndex = (index: unknown): index is number => typeof index === 'number' && read[index] !== undefined;
  return sources.every(isIndex) && targets.every(isIndex) ? { points: read, sources, targets, mode } : null;
}
