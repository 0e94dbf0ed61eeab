/** Choosing among a vendor's several answers to one address. */

/** A number that is no postal code: vendors do not say whether a house was asked for. */
export function asksForHouse(address: string): boolean {
  return /\d/.test(address.replace(/(?<!\d)\d{6}(?!\d)/g, ''));
}

/**
 * Vendors order by relevance, so the first is the answer: "Copenhagen" is the city, however exactly the airport of that
 * name is known. Only where a house was asked for does a surer answer (a house) beat one before it.
 */
export function bestMatch<Answer>(
  answers: readonly Answer[],
  address: string,
  confidenceOf: (answer: Answer) => number,
): Answer | null {
  const [first, ...rest] = answers;
  if (first === undefined) return null;
  if (!asksForHouse(address)) return first;
  return rest.reduce((best, answer) => (confidenceOf(answer) > confidenceOf(best) ? answer : best), first);
}
