/**
 * Parses an address from left to right: each designator takes the name or number before it (Uzbek) or after it
 * (Russian). Without a designator, words and numbers become bare names and bare numbers. No step goes back further than
 * the words just read.
 */
import type { Part } from './address-parts.ts';
import { AddressTokens, type FoundDesignator } from './address-tokens.ts';
import { notAfterCity, PartsSoFar } from './parts-so-far.ts';
import type { Orthography } from './spell-name.ts';
import type { Token } from './tokenize-address.ts';

/** First words of district names of two words. */
const compoundDistricts =
  /^(мирзо|м|mirzo|m|юкори|юқори|ю|yuqori|янги|yangi|янгі|куйи|қуйи|quyi|урта|ўрта|o'rta|занги|zangi|паст|past)$/;

export function readParts(tokens: readonly Token[], orthography: Orthography): Part[] {
  const reader = new PartReader(new AddressTokens(tokens), orthography);
  reader.read();
  return reader.parts;
}

class PartReader extends PartsSoFar {
  read(): void {
    let at = 0;
    while (at < this.tokens.length) {
      if (this.tokens.breakBefore(at) !== 'none') this.flushRun(at);
      const designator = this.tokens.designatorAt(at, false, this.runStart >= 0, this.isNumberBefore(at));
      if (designator !== null) at = this.readDesignated(at, designator);
      else if (this.tokens.isNumber(at)) at = this.readNumbered(at);
      else {
        if (this.runStart < 0) this.runStart = at;
        at += 1;
      }
    }
    this.flushRun(at);
  }

  private readNumbered(at: number): number {
    if (this.tokens.isDate(at)) {
      if (this.runStart < 0) this.runStart = at;
      return at + 2;
    }
    const nameEnd = this.endOfNumberedName(at);
    if (nameEnd > at) {
      if (this.runStart < 0) this.runStart = at;
      return nameEnd;
    }
    const number = this.tokens.readNumber(at);
    const behind = number.isPlain ? this.tokens.skipOrdinalEnding(number.end) : number.end;
    const designator =
      this.tokens.breakBefore(behind) === 'none' ? this.tokens.designatorAt(behind, true, false) : null;
    const isCounted = designator !== null && !this.isOfNameBefore(at, behind, designator);
    if (isCounted && this.counts(designator, behind, behind > number.end)) {
      return this.readCounted(at, number.text, designator);
    }
    this.flushRun(at);
    this.push({ kind: 'number', code: '', first: at, end: number.end, number: number.text });
    return number.end;
  }

  /** `35-мактаб`, `1-я Айтматова`: the number belongs to the word after it. Returns `at` itself if it does not. */
  private endOfNumberedName(at: number): number {
    const behind = this.tokens.skipOrdinalEnding(at + 1);
    const word = this.tokens.at(behind);
    if (word?.kind !== 'word' || this.tokens.breakBefore(behind) !== 'none') return at;
    const designator = this.tokens.designatorAt(behind, true);
    if (designator?.kind === 'landmark_before' && word.gap === '-') return designator.end;
    if (designator !== null || (behind === at + 1 && (word.gap !== '-' || word.text.length < 3))) return at;
    return behind + 1;
  }

  private readCounted(at: number, number: string, designator: FoundDesignator): number {
    const kind = this.kindOf(designator, at) as Part['kind'];
    const { code } = designator;
    let { end } = designator;
    const first = this.runStart;
    if (kind === 'street' && first >= 0) {
      // `Qatortol 2-ko'chasi`.
      this.runStart = -1;
      this.push({ kind, code, first, end, words: this.wordsOf(first, at), number });
      return end;
    }
    this.flushRun(at);
    let words: string[] = [];
    if ((kind === 'street' || kind === 'lane') && first < 0 && designator.position === 'before') {
      // `5-й проезд Ниёзбек йули`, `1-я улица Мира`.
      const nameEnd = this.endOfName(end, designator);
      words = this.wordsOf(end, nameEnd);
      end = nameEnd;
    }
    this.push({ kind, code: kind === 'quarter' && code === 'kv' ? 'kv' : code, first: at, end, words, number });
    return end;
  }

  private readDesignated(at: number, designator: FoundDesignator): number {
    const { code, end } = designator;
    switch (designator.kind) {
      case 'landmark_marker':
      case 'landmark_before':
      case 'landmark_after':
        return this.readLandmark(at, designator);
      case 'no_number':
        this.flushRun(at);
        this.push({ kind: 'rest', code: 'bn', first: at, end });
        return end;
      case 'region':
      case 'city':
      case 'district':
      case 'quarter':
      case 'street':
      case 'lane':
        return this.readArea(at, designator);
      case 'intercom':
        this.flushRun(at);
        return this.readIntercom(at, designator);
      default: {
        const kind = this.kindOf(designator, at) as Part['kind'];
        this.flushRun(at);
        const next = this.tokens.at(end);
        if (next?.kind === 'number') {
          const number = this.tokens.readNumber(end);
          this.push({ kind, code, first: at, end: number.end, number: number.text });
          return number.end;
        }
        this.push({ kind, code, first: at, end: end + 1, number: next?.text ?? '' });
        return Math.min(end + 1, this.tokens.length);
      }
    }
  }

  private readIntercom(at: number, { code, end }: FoundDesignator): number {
    let to = end;
    while (
      to < this.tokens.length &&
      (to === end || this.tokens.at(to)?.gap.trim().length === 0 || this.isKeypad(to))
    ) {
      if (to > end && this.tokens.at(to)?.gap !== '' && !this.isKeypad(to)) break;
      to += 1;
    }
    this.push({ kind: 'intercom', code, first: at, end: to, words: this.wordsOf(end, to) });
    return to;
  }

  private readLandmark(at: number, { kind, end }: FoundDesignator): number {
    const isMarked = kind === 'landmark_marker';
    let first = at;
    let to = end;
    if (kind === 'landmark_after' || (kind === 'landmark_before' && this.runStart >= 0 && this.endsPhrase(end))) {
      if (this.runStart >= 0) first = this.runStart;
      this.runStart = -1;
    } else {
      this.flushRun(at);
      const isBracketed = this.tokens.at(at)?.gap.includes('(') ?? false;
      while (to < this.tokens.length && !this.endsLandmark(to, isBracketed)) to += 1;
    }
    this.push({
      kind: 'landmark',
      code: '',
      first,
      end: to,
      words: this.wordsOf(isMarked ? end : first, to),
      isMarked,
    });
    return to;
  }

  private endsLandmark(at: number, isBracketed: boolean): boolean {
    return isBracketed ? (this.tokens.at(at)?.gap.includes(')') ?? false) : this.tokens.breakBefore(at) === 'strong';
  }

  private readArea(at: number, designator: FoundDesignator): number {
    const { kind, code, end } = designator;
    if (this.takesNameBefore(designator)) return this.takeRun(at, designator);
    const last = this.parts.at(-1);
    const isDoubled =
      (designator.position === 'after' || this.endsPhrase(end) || this.tokens.isNumber(end)) &&
      this.runStart < 0 &&
      last !== undefined &&
      last.kind === kind &&
      last.end === at;
    if (isDoubled) {
      // `ул. А.Жомий кучаси`: of two designators, the more specific kind wins.
      if (last.code === 'ul') last.code = code;
      last.end = end;
      return end;
    }
    this.flushRun(at);
    const isCrossing = kind === 'street' && this.tokens.at(at)?.gap.trim() === '/' && last?.kind === 'number';
    if (isCrossing) {
      // `ул. Мирзо Улугбек 48/ул Махмуд Кошгари`: the street at the corner adds nothing, because the house is known.
      const nameEnd = this.endOfName(end, designator);
      this.push({ kind: 'landmark', code: '', first: at, end: nameEnd, words: this.wordsOf(at, nameEnd) });
      return nameEnd;
    }
    if (kind === 'lane' || kind === 'quarter') {
      const isNumbered = this.tokens.isNumber(end) && this.tokens.breakBefore(end) !== 'strong';
      if (isNumbered && !this.tokens.isDate(end) && !this.isJoinedToHouse(end)) {
        const number = this.tokens.readNumber(end);
        this.push({ kind, code, first: at, end: number.end, number: number.text });
        return number.end;
      }
    }
    const nameEnd = this.endOfName(end, designator);
    const exact = code === 'pr' && !this.tokens.isNumber(at - 1) ? 'prosp' : code;
    this.push({ kind: kind as Part['kind'], code: exact, first: at, end: nameEnd, words: this.wordsOf(end, nameEnd) });
    return nameEnd;
  }

  private takesNameBefore({ kind, position, isUzbek, end }: FoundDesignator): boolean {
    if (this.runStart < 0) return false;
    if (position === 'after') return true;
    if (kind === 'quarter' && !isUzbek && this.runStart === end - 2 && this.isLeadingCity(this.runStart)) return false;
    const numberNext = this.tokens.isNumberNext(end);
    const isLettered = /^\p{L}{1,2}$/u.test(this.tokens.at(end - 2)?.text ?? '') && this.runStart === end - 2;
    if (kind === 'quarter' && (isUzbek || isLettered)) return true;
    if (kind === 'quarter' && numberNext) return false;
    if (position === 'either' && kind !== 'quarter') return true;
    if (kind === 'lane' && numberNext) return false;
    if (this.endsPhrase(end) || numberNext) return true;
    return this.tokens.designatorAt(end) !== null;
  }

  /** `Navoiy ko'chasi`, `Чиланзарский р-н`; of more words than a city or district has, the last ones. */
  private takeRun(at: number, designator: FoundDesignator): number {
    const { kind, code, end } = designator;
    const isHighway = designator.text === 'ш' && /[оe]е$/u.test(this.tokens.at(at - 1)?.text ?? '');
    let first = this.runStart;
    if (kind === 'city') {
      for (const words of [2, 1]) {
        if (at - words > this.runStart && this.isCity(at - words, at)) {
          first = at - words;
          break;
        }
      }
    } else {
      const leads = (word: number): boolean =>
        at - word > 1 && !notAfterCity.test(this.tokens.at(word + 1)?.text ?? '');
      if (leads(first) && this.isLeadingCity(first)) first += 1;
      if (kind === 'street' && leads(first) && this.isDistrict(first)) first += 1;
    }
    if (first > this.runStart) this.flushRun(first);
    this.runStart = -1;
    // `Юнусабад улица 5` may be street 5 of Юнусабад.
    const isDoubtful = designator.position === 'before' && this.tokens.isNumberNext(end);
    this.push({
      kind: isHighway ? 'street' : (kind as Part['kind']),
      code: isHighway ? 'shse' : code + (isDoubtful ? '?' : ''),
      first,
      end,
      words: this.wordsOf(first, at),
    });
    return end;
  }

  /** Where the name behind a designator ends. */
  private endOfName(from: number, { kind }: FoundDesignator): number {
    let at = from;
    while (at < this.tokens.length) {
      if (at > from ? this.tokens.breakBefore(at) !== 'none' : this.tokens.breakBefore(at) === 'strong') break;
      if (this.tokens.isNumber(at)) {
        // `ул. Лутфий Га-9`: a lettered quarter behind the street.
        const isLettered = at > from + 1 && /^\p{L}{1,2}$/u.test(this.tokens.at(at - 1)?.text ?? '');
        if (isLettered && this.tokens.at(at)?.gap === '-') return at - 1;
        const takesNumber = at === from && kind === 'street';
        if (!takesNumber && !this.tokens.isDate(at)) break;
        const behind = this.tokens.skipOrdinalEnding(at + 1);
        if (!this.tokens.isNameNext(behind) && !this.tokens.isDate(at)) {
          if (behind > at + 1 || !this.tokens.isNumberNext(at)) break;
          return this.tokens.readNumber(at).end;
        }
        at = behind;
        continue;
      }
      const designator = this.tokens.designatorAt(at, false, at > from);
      const isNameItself = at === from && designator?.kind === 'landmark_before';
      if (designator !== null && !isNameItself) return this.giveBack(from, at, kind, designator);
      at += 1;
    }
    return this.cutCity(from, at, kind);
  }

  /** Trailing words that belong to the next designator: `г. Ташкент Юнусабадский р-н`, `ул. Навои Чиланзарский р-н`. */
  private giveBack(from: number, at: number, kind: FoundDesignator['kind'], next: FoundDesignator): number {
    const count = at - from;
    if (kind === 'city') return this.cutCity(from, at, kind);
    const isOwn = next.kind === kind || (kind === 'street' && next.kind === 'lane');
    if (count < 2 || isOwn || next.position === 'before') return at;
    if (next.kind === 'quarter' && next.position === 'either') return at;
    if (!['district', 'city', 'region', 'quarter', 'street'].includes(next.kind)) return at;
    const before = this.tokens.at(at - 2)?.text ?? '';
    const given = next.kind === 'district' && count > 2 && compoundDistricts.test(before) ? 2 : 1;
    return at - given;
  }

  private cutCity(from: number, to: number, kind: FoundDesignator['kind']): number {
    if (kind !== 'city') return to;
    for (const words of [2, 1]) if (to - from > words && this.isCity(from, from + words)) return from + words;
    return to;
  }
}
