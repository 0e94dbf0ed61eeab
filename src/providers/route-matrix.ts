/** What the route adapters share: the elements of a matrix, and the verdict of a whole matrix. */
import type { Coordinates, DistanceInput, RouteElement, RouteMatrix } from './geocoding.ts';
import type { Verdict } from './provider.ts';

type Failure = Exclude<RouteElement, { kind: 'ok' | 'empty' }>;

/** An element missing in the reply. */
export const missingElement: Failure = { kind: 'failed', retryable: true, message: 'the reply leaves the pair out' };

/** An element without a readable length. */
export const unreadableElement: Failure = {
  kind: 'failed',
  retryable: true,
  message: 'the reply is no distance matrix',
};

const earthRadiusMeters = 6_371_009;
/** How far the nearest roads may be from both ends together, for example in the mountains. */
const snappingMeters = 5_000;

/**
 * A route that is far shorter than the straight line is invalid: some matrices answer 0 for pairs that they cannot
 * connect (GIScience/openrouteservice#666, Project-OSRM/osrm-backend#4740).
 */
function plausible(element: RouteElement, origin: Coordinates, destination: Coordinates): RouteElement {
  if (element.kind !== 'ok') return element;
  const { distance_meters } = element.value;
  if (distance_meters + snappingMeters >= 0.9 * straightMeters(origin, destination)) return element;
  return { kind: 'failed', retryable: false, message: 'the route is shorter than the straight line' };
}

/** Over a sphere, which is right to half a percent. */
function straightMeters(one: Coordinates, other: Coordinates): number {
  const radians = (degrees: number): number => (degrees * Math.PI) / 180;
  const half = (from: number, to: number): number => Math.sin(radians(to - from) / 2) ** 2;
  const chord =
    half(one.latitude, other.latitude) +
    Math.cos(radians(one.latitude)) * Math.cos(radians(other.latitude)) * half(one.longitude, other.longitude);
  return 2 * earthRadiusMeters * Math.asin(Math.min(1, Math.sqrt(chord)));
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
