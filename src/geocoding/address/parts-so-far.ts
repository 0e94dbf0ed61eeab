/** What has been parsed of an address so far, and what it implies for the next designator or number. */
import type { Part } from './address-parts.ts';
import type { AddressTokens, FoundDesignator } from './address-tokens.ts';
import { isSingleLetter } from './letters.ts';
import { bareDistricts, cities, numberedEstates } from './name-words.ts';
import { type Orthography, spellWord } from './spell-name.ts';

const cityNames: ReadonlySet<string> = new Set(cities);
const estates: ReadonlySet<string> = new Set(numberedEstates);
const districtNames: ReadonlySet<string> = new Set(bareDistricts);
/** Kinds of designators that a number may stand before; a landmark, for example, is not one. */
const countable: ReadonlySet<FoundDesignator['kind']> = new Set([
  ...(['quarter', 'street', 'lane', 'house', 'building', 'flat', 'room', 'entrance', 'floor'] as const),
]);
/** Cities that give their name to few things but streets: as the first word before others, such a name is the city. */
const leadingCities: ReadonlySet<string> = new Set(
  "toshkent samarqand buxoro andijon farg'ona namangan qarshi termiz jizzax urganch nukus qo'qon marg'ilon".split(' '),
);
/** After a city's name, these words form one name with it. */
export const notAfterCity = /^(дарвоза|darvoza|йули|йўли|yo'li|yoli|йул|йўл|yo'l|кольцевая|halqa|халка|ҳалқа)$/;

export class PartsSoFar {
  readonly parts: Part[] = [];
  protected readonly tokens: AddressTokens;
  protected readonly orthography: Orthography;
  /** The words just read that no designator has taken: tokens from `runStart` to before the current one. */
  protected runStart = -1;

  constructor(tokens: AddressTokens, orthography: Orthography) {
    this.tokens = tokens;
    this.orthography = orthography;
  }

  protected push(part: Pick<Part, 'kind' | 'code' | 'first' | 'end'> & Partial<Part>): void {
    this.parts.push({ words: [], number: '', glue: this.glueOf(part.first), ...part });
  }

  protected glueOf(first: number): string {
    const gap = this.tokens.at(first)?.gap ?? '';
    if (/[,;]/.test(gap)) return ',';
    return gap.trim() === '' ? ' ' : gap.trim();
  }

  protected wordsOf(first: number, end: number): string[] {
    return this.tokens.tokens.slice(first, end).map(({ text }) => text);
  }

  protected isCity(first: number, end: number): boolean {
    return cityNames.has(
      this.wordsOf(first, end)
        .map((word) => spellWord(word, this.orthography))
        .join(' '),
    );
  }

  /** Turns the bare words so far into a name; a leading city becomes a part of its own. */
  protected flushRun(end: number): void {
    const first = this.runStart;
    this.runStart = -1;
    if (first < 0 || first >= end) return;
    const second = this.tokens.at(first + 1);
    if (end - first > 1 && this.isLeadingCity(first) && second !== undefined && !notAfterCity.test(second.text)) {
      this.push({ kind: 'name', code: '', first, end: first + 1, words: this.wordsOf(first, first + 1) });
      this.push({ kind: 'name', code: '', first: first + 1, end, words: this.wordsOf(first + 1, end) });
    } else this.push({ kind: 'name', code: '', first, end, words: this.wordsOf(first, end) });
  }

  protected isEstate(at: number): boolean {
    return estates.has(spellWord(this.tokens.at(at)?.text ?? '', this.orthography));
  }

  protected isLeadingCity(at: number): boolean {
    return leadingCities.has(spellWord(this.tokens.at(at)?.text ?? '', this.orthography));
  }

  protected isDistrict(at: number): boolean {
    return districtNames.has(spellWord(this.tokens.at(at)?.text ?? '', this.orthography));
  }

  /** `Чиланзар 19`, right before the current number: from here on `кв.` is a flat and no квартал. */
  protected estateIsNumbered(): boolean {
    const [name, number] = this.parts.slice(-2);
    if (name?.kind !== 'name' || number?.kind !== 'number' || this.runStart >= 0) return false;
    return name.end === number.first && this.isEstate(name.end - 1);
  }

  /** Whether a designator takes the number before it. */
  protected counts(designator: FoundDesignator, at: number, isOrdinal: boolean): boolean {
    const { kind, end, position, isUzbek } = designator;
    const gap = this.tokens.at(at)?.gap ?? '';
    const isJoined = isOrdinal || gap === '' || gap.trim() === '-';
    switch (kind) {
      case 'region':
      case 'city':
      case 'district':
      case 'intercom':
      case 'landmark_marker':
      case 'landmark_before':
      case 'landmark_after':
      case 'no_number':
        return false;
      case 'building':
        // `12к4` is building 4 of house 12; `4 корпус` is building 4.
        // Of `5 литера Б` the letter is the building's, and 5 the house.
        if (isSingleLetter(this.tokens.at(end)?.text ?? '') && !isJoined) return false;
        return designator.text.length > 1 && (isJoined || !this.tokens.isNumberNext(end));
      case 'street':
        return isJoined || position === 'after';
      case 'lane':
        return true;
      case 'quarter':
        if (designator.code === 'massiv' || (designator.code === 'mfy' && position === 'before')) {
          return !this.tokens.isNameNext(end);
        }
        return true;
      default:
        if (isUzbek && !isJoined && this.isHouseBeforeFlat(designator)) return false;
        if (isUzbek || isJoined || !this.tokens.isNumberNext(end)) return true;
        if (this.isQuarterAbbreviation(designator) && !this.isBehindName(at) && !this.houseIsKnown()) {
          if (!this.estateIsNumbered()) return true;
        }
        return this.chainEndsWithDesignator(end);
    }
  }

  /** Whether the number before was already parsed together with its letter: `72А`, before `к2`. */
  protected isNumberBefore(at: number): boolean {
    const last = this.parts.at(-1);
    return this.tokens.isNumber(at - 1) || (this.runStart < 0 && last?.end === at && last.number !== '');
  }

  /** `Titov ko'chasi 12 xon 3`: the first number behind a street is its house, and the flat's stands behind. */
  private isHouseBeforeFlat({ kind, end }: FoundDesignator): boolean {
    const isFlat = kind === 'flat' || kind === 'room';
    if (!isFlat || !this.tokens.isNumberNext(end) || this.chainEndsWithDesignator(end)) return false;
    return !this.parts.some((part) => part.kind === 'house' || part.kind === 'building' || part.kind === 'number');
  }

  /** `2 подъезд 3 этаж`, where each number stands before its designator; not `5 подъезд 2 этаж 3`. */
  protected chainEndsWithDesignator(from: number): boolean {
    let at = from;
    while (this.tokens.isNumberNext(at)) {
      const { end } = this.tokens.readNumber(at);
      const designator = this.tokens.breakBefore(end) === 'none' ? this.tokens.designatorAt(end, true) : null;
      if (designator === null || !countable.has(designator.kind)) return false;
      at = designator.end;
    }
    return true;
  }

  protected isQuarterAbbreviation({ text }: FoundDesignator): boolean {
    return text === 'кв' || text === 'kv';
  }

  /** A house or a street was named: from here on `кв.` is a flat and not a квартал. */
  protected houseIsKnown(): boolean {
    return this.parts.some(({ kind, number, first }, at) => {
      if (kind === 'house' || kind === 'building' || kind === 'street' || kind === 'lane') return true;
      if (kind !== 'number') return false;
      const before = this.parts[at - 1];
      return !/^\d+$/.test(number) || (before?.kind === 'name' && before.end === first && !this.isEstate(first - 1));
    });
  }

  /** `Мукими 12 кв 4`: house and flat; not `Юнусабад 12 кв 4`. */
  protected isBehindName(at: number): boolean {
    if (this.runStart < 0) return false;
    let number = at - 1;
    while (number > this.runStart && this.tokens.isNumber(number)) number -= 1;
    return !this.isEstate(number) || at - number > 2;
  }

  /** `Юнусабад-14кв`, `1 кв 60 дом`, `Chilonzor 2-blok, 2-uy`; `д. 5, 7 кв`. */
  protected kindOf(designator: FoundDesignator, runEnd: number): FoundDesignator['kind'] {
    const isBlockOfEstate = designator.code === 'blok' && this.tokens.isNumber(runEnd);
    if (!this.isQuarterAbbreviation(designator) && !isBlockOfEstate) return designator.kind;
    if (this.runStart >= 0 && this.isEstate(runEnd - 1)) return 'quarter';
    if (isBlockOfEstate || this.houseIsKnown() || this.isNumberOfEstateBefore()) return designator.kind;
    const last = this.parts.at(-1);
    const isListed = last?.kind === 'number' && this.runStart < 0 && this.parts.some(({ kind }) => kind === 'quarter');
    return isListed ? designator.kind : 'quarter';
  }

  /** `Чиланзар 19 12`, before `кв 5`. */
  private isNumberOfEstateBefore(): boolean {
    const [name, quarter, house] = this.parts.slice(-3);
    if (name?.kind !== 'name' || quarter?.kind !== 'number' || house?.kind !== 'number') return false;
    return name.end === quarter.first && this.runStart < 0 && this.isEstate(name.end - 1);
  }

  /** `Chilonzor-9 uy 12`: the number before belongs to the name, and the designator takes the number after it. */
  protected isOfNameBefore(at: number, behind: number, { kind, end }: FoundDesignator): boolean {
    const isJoinedToName = this.runStart >= 0 && this.tokens.at(at)?.gap === '-';
    return kind === 'house' && isJoinedToName && this.tokens.at(behind)?.gap === ' ' && this.tokens.isNumberNext(end);
  }

  /** `Mikrorayon 12-uy`: the number belongs to the house, although it stands behind the quarter's designator. */
  protected isJoinedToHouse(at: number): boolean {
    const behind = this.tokens.readNumber(at).end;
    return this.tokens.at(behind)?.gap === '-' && this.tokens.designatorAt(behind, true)?.kind === 'house';
  }

  protected isKeypad(at: number): boolean {
    return /^[#*]+$/.test(this.tokens.at(at)?.gap ?? '');
  }

  protected endsPhrase(at: number): boolean {
    return at >= this.tokens.length || this.tokens.breakBefore(at) !== 'none';
  }
}
