/** What the adapters that measure routes share: a matrix of elements, and what it means as the answer to one request. */
import type { RouteElement, RouteMatrix } from './geocoding.ts';
import type { Verdict } from './provider.ts';

type Failure = Exclude<RouteElement, { kind: 'ok' | 'empty' }>;

/** An element that the reply leaves out. */
export const missingElement: Failure = { kind: 'failed', retryable: true, message: 'the reply leaves the pair out' };

/** What is said of an element that has a length the reply does not tell in full. */
export const unreadableElement: Failure = {
  kind: 'failed',
  retryable: true,
  message: 'the reply is no distance matrix',
};

/**
 * An answer where at least one element is one, so that the others fail alone. `empty` where no pair has a route. Else what
 * befell the elements befell the request: the account's limits, its pauses and its breaker have to know.
 */
export function judgeMatrix(matrix: RouteMatrix): Verdict<RouteMatrix> {
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
