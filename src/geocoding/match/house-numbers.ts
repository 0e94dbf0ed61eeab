/** Decides whether two spellings of a house number mean one house. */
import { type LetterTable, letterTable } from '../../providers/offline_gazetteer/uzbek-letters.ts';

/** Cyrillic letters that a Latin letter may stand for, by look or by sound: B is В or Б, C is С or Ц. */
const readings: LetterTable = letterTable(
  'a=а b=вб c=сц d=д e=еэ f=ф g=г h=нх i=и j=ж k=к l=л m=м n=н o=о p=рп r=р s=с t=т u=у v=в x=хкс y=уй z=з',
);

/** `12 к1`, `12 корпус 1`, `12/1` and `12-1` are one house; `12А` and `12а`, `5 литера Б` and `5 литБ`, `42 с1` and `42 строение 1` too. */
export function isSameHouse(one: string, other: string): boolean {
  const [left, right] = [partsOf(one), partsOf(other)];
  return (
    left.length > 0 && left.length === right.length && left.every((part, index) => isSamePart(part, right[index] ?? ''))
  );
}

const plainNumber = /^\d+$/;

/** Splits into alternating digits and letters; the separator between house and block is dropped. */
function partsOf(number: string): string[] {
  if (plainNumber.test(number)) return [number];
  const folded = number
    .normalize('NFKC')
    .toLowerCase()
    .replace(/(?:корпус|корп|kor?pus|korp|блок|blok|к|k)\.?\s*(?=\d)/gu, '/')
    .replace(/(?<!\p{L})(?:строение|стр|с)\.?\s*(?=\d)/gu, ' с ')
    .replace(/(?<!\p{L})(?:сооружение|соор)\.?\s*(?=\d)/gu, ' соор ')
    .replace(/(?<!\p{L})(?:флигель|флиг|фл)\.?\s*(?=\d)/gu, ' фл ')
    .replace(/(?<!\p{L})(?:литера|литер|лит)\.?\s*(?=\p{L}(?!\p{L}))/gu, '')
    .replace(/(?:дом|д|uy|уй)\.?(?=\s|\d|$)/gu, ' ');
  return folded.match(/\d+|\p{L}+/gu) ?? [];
}

function isSamePart(one: string, other: string): boolean {
  if (one === other) return true;
  const [left, right] = [[...one], [...other]];
  if (left.length !== right.length) return false;
  return left.every((letter, index) => {
    const [mine, others] = [readingsOf(letter), readingsOf(right[index] ?? '')];
    return [...mine].some((reading) => others.includes(reading));
  });
}

function readingsOf(letter: string): string {
  return readings[letter] ?? letter;
}
