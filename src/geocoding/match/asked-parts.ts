/** What of an address its answer is compared with: the city, the street and the house that it names. */

import type { QuestionParts } from '../../providers/geocoding.ts';
import { cityOf } from './cities.ts';
import type { AskedParts } from './compare-answer.ts';

const streetWords =
  "ул|улица|проспект|просп|пр-т|проезд|пр-д|тупик|переулок|пер|бульвар|шоссе|ko['ʻʼ‘’`]?cha(?:si)?|k[uo]cha(?:si)?|кўча(?:си)?|куча(?:си)?|prospekti?|street|st|avenue|ave|road|rd";
const quarterWords =
  'квартал|кв-л|kvartali?|массив|massivi?|мкр|микрорайон|mikrorayoni?|мавзе|mavze(?:si)?|махалля|mahalla(?:si)?|даха|daha(?:si)?';
const isStreet = new RegExp(`(?<![\\p{L}\\d])(?:${streetWords})(?![\\p{L}'])`, 'iu');
const isQuarter = new RegExp(`(?<![\\p{L}\\d])(?:${quarterWords})(?![\\p{L}'])`, 'iu');
const cityWords =
  /(?:^|\s)(?:г\.|гор\.|город\s)\s*([\p{L}'ʻʼ‘’-]+)|([\p{L}'ʻʼ‘’-]+)\s+(?:shahri|шаҳри|шахри|shahar)(?!\p{L})/iu;
const houseAtEnd =
  /(?:^|[\s,])(?:д\.?|дом|uy|house)?\s*(?<number>\d+(?:\s*[/-]\s*\d+)?\s?\p{L}?(?:\s*(?:к|корп\.?|корпус|k)\s*\d+)?)(?:\s*[-–]?\s*(?:uy|уй))?$/iu;

export function askedPartsOf(address: string, country: string | null): AskedParts {
  const phrases = address.split(/[,;]/).map((phrase) => phrase.trim().replace(/\s+/g, ' '));
  const at = phrases.findIndex((phrase) => isStreet.test(phrase));
  const quarterAt = phrases.findIndex((phrase) => isQuarter.test(phrase));
  const namedAt = at >= 0 ? at : quarterAt;
  const city = cityIn(phrases);
  if (namedAt < 0) return { city, street: null, isQuarter: false, house: null, country };
  const phrase = phrases[namedAt] as string;
  const own = at >= 0 ? houseAtEnd.exec(phrase) : null;
  const next = houseAtEnd.exec(phrases[namedAt + 1] ?? '');
  const house = own ?? (next?.index === 0 ? next : null);
  return {
    city,
    street: own === null ? phrase : phrase.slice(0, own.index),
    isQuarter: at < 0,
    house: house?.groups?.number?.trim() ?? null,
    country,
  };
}

function cityIn(phrases: readonly string[]): string | null {
  for (const phrase of phrases) {
    const named = cityWords.exec(phrase);
    if (named !== null) return named[1] ?? named[2] ?? null;
    if (cityOf(phrase) !== null) return phrase;
    const [first = ''] = phrase.split(' ');
    if (phrase === phrases[0] && isStreet.test(phrase) && cityOf(first) !== null) return first;
  }
  return null;
}

/** Of an address that was given in parts. */
export function askedPartsIn(parts: QuestionParts, country: string | null): AskedParts {
  const { city = null, street = null, house_number: house = null } = parts;
  return {
    city,
    street,
    isQuarter: street !== null && isQuarter.test(street) && !isStreet.test(street),
    house,
    country,
  };
}
