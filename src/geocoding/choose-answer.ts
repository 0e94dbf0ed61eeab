/** Chooses the vendor's result that fits the question best, and rates how well it fits. */
import type { GeocodeInput, Place } from '../providers/geocoding.ts';
import { renameStreet } from './apply-settings.ts';
import { askedPartsIn, askedPartsOf } from './match/asked-parts.ts';
import { compareAnswer, nothingAsked } from './match/compare-answer.ts';
import { inScriptOf } from './uzbek-script.ts';

/**
 * Vendors sort by relevance, so the first result is the answer: "Copenhagen" is the city, even if the airport of that
 * name has a more exact position. A later result with more confidence wins only if a house was asked for, or if the
 * first result does not match the question.
 */
export function chooseAnswer(place: Place, input: GeocodeInput): Place {
  const asked =
    input.parts === null ? askedPartsOf(input.address, input.country) : askedPartsIn(input.parts, input.country);
  const { others = [], ...first } = place;
  const { streetAliases = [] } = input;
  const { street } = asked;
  const formerStreets = street === null ? [] : streetAliases.map(({ from, to }) => renameStreet(street, to, from));
  const answers = [first, ...others].map((answer) => compareAnswer({ ...asked, formerStreets }, answer));
  const isFirstGood =
    asked.house === null && Object.values(answers[0]?.match ?? {}).every((part) => part !== 'differs');
  const ranked = isFirstGood ? answers : answers.sort((one, other) => other.confidence - one.confidence);
  const [best, ...rest] = ranked.map((answer) => inScriptOf(input.language, answer));
  return { ...(best as Place), others: rest.slice(0, input.limit - 1) };
}

/** A question by coordinates has no names to compare with. */
export function nameAnswer(place: Place, { language }: { readonly language: string }): Place {
  return { ...inScriptOf(language, place), match: nothingAsked };
}
