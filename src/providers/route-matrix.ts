/** What the route adapters share: the elements of a matrix, and the verdict of a whole matrix. */
import { metersBetween } from '../distance.ts';
import type { Coordinates, DistanceInput, RouteElement, RouteMatrix } from './geocoding.ts';
import type { Verdict } from './provider.ts';
import { textIn } from './reading.ts';
import { failed } from './refusal.ts';

type Failure = Exclude<RouteElement, { kind: 'ok' | 'empty' }>;

/** An element missing in the reply. */
export const missingElement = failed('the reply leaves the pair out');

/** As 2GIS and Yandex give it: a status, and both lengths where it is OK. `raw` undefined: missing in the reply. */
export function readElement(raw: unknown, distance: unknown, duration: unknown): RouteElement {
  if (raw === undefined) return missingElement;
  const status = textIn(raw, 'status');
  if (status !== null && status !== 'OK') return { kind: 'empty' };
  if (status === null || !isLength(distance) || !isLength(duration)) return failed('the reply is no distance matrix');
  return { kind: 'ok', value: { distance_meters: distance, duration_seconds: duration } };
}

/** How far the nearest roads may be from both ends together, for example in the mountains. */
const snappingMeters = 5_000;

/**
 * A route that is far shorter than the straight line is invalid: some matrices answer 0 for pairs that they cannot
 * connect (GIScience/openrouteservice#666, Project-OSRM/osrm-backend#4740).
 */
function plausible(element: RouteElement, origin: Coordinates, destination: Coordinates): RouteElement {
  if (element.kind !== 'ok') return element;
  const { distance_meters } = element.value;
  const straightMeters = metersBetween(origin.latitude, origin.longitude, destination.latitude, destination.longitude);
  if (distance_meters + snappingMeters >= 0.9 * straightMeters) return element;
  return { kind: 'failed', retryable: false, message: 'the route is shorter than the straight line' };
}

/**
 * `ok` if at least one element has a route, so that the others fail alone. `empty` if no pair has a route. Otherwise
 * the elements' failure is that of the request, so that the limits, pauses and breaker of the account see it.
 */
export function judgeMatrix(
  read: RouteMatrix,
  { origins, destinations }: Pick<DistanceInput, 'origins' | 'destinations'>,
): Verdict<RouteMatrix> {
  const matrix = read.map((row, at) =>
    row.map((element, column) => plausible(element, origins[at] as Coordinates, destinations[column] as Coordinates)),
  );
  const elements = matrix.flat();
  const failures = elements.filter(isFailure);
  if (failures.length < elements.length) {
    return elements.every(({ kind }) => kind === 'empty') ? { kind: 'empty' } : { kind: 'ok', value: matrix };
  }
  const [first] = failures;
  return failures.find(({ kind }) => kind === 'throttled') ?? first ?? missingElement;
}

function isFailure(element: RouteElement): element is Failure {
  return element.kind !== 'ok' && element.kind !== 'empty';
}

export function isLength(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0;
}
