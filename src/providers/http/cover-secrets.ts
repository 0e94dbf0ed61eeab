/**
 * Masks secrets in a stream of bytes: finds each in all its forms, also across chunk borders, and replaces every byte
 * by an asterisk, so that the length stays the same.
 *
 * The time is linear in the length of the text, and fewer bytes are held back than the longest form has. Two searches
 * work together: one looks for the beginnings of all forms at once and skips most bytes (Wu and Manber, 1994); after a
 * hit, and at chunk borders, each form is matched byte by byte (Knuth, Morris and Pratt, 1977), which reads no byte
 * twice.
 */
import { setBounded } from '../../bounded-map.ts';
import { formsOfSecret } from '../../encodings/secret-forms.ts';

/** In characters. Shorter secrets occur in normal text by chance, and masking them would damage it. */
export const minCoveredLength = 8;

export interface SecretCover {
  /** Returns the bytes that are decided; the possible beginning of a secret waits for the next chunk. */
  add(piece: Buffer): Buffer;
  /** Returns the bytes that still wait; after that another text may begin. */
  end(): Buffer;
}

interface Form {
  readonly bytes: Buffer;
  /** Its first bytes: as many as the shortest form has, up to the length that the search uses. */
  readonly beginning: Buffer;
  /** The failure table: after this many matching bytes, where to continue if the next byte differs. */
  readonly fallbacks: Uint32Array;
}

interface Forms {
  readonly all: readonly Form[];
  readonly beginningLength: number;
  /** Whether the chunk contains the complete beginning of a form. */
  hasBeginning(piece: Buffer): boolean;
}

const longestBeginning = 32;
const asterisk = 0x2a;
/** Each takes about 64 KiB. */
const maxRemembered = 64;
const remembered = new Map<string, Forms>();

/**
 * null if no secret is long enough to mask. `areLasting`: the same secrets will be masked again, so the search tables
 * are cached.
 */
export function createSecretCover(secrets: readonly string[], areLasting = true): SecretCover | null {
  const forms = areLasting ? rememberedForms(secrets) : formsOf(secrets);
  if (forms.all.length === 0) return null;
  /** For each form: how many of its bytes match at the end of the input so far. */
  const begun = new Uint32Array(forms.all.length);
  let held: Buffer = Buffer.alloc(0);

  return {
    add(piece) {
      const spans: (readonly [from: number, to: number])[] = [];
      const hasBeginning = forms.hasBeginning(piece);
      let heldLength = 0;
      forms.all.forEach((form, index) => {
        const search = { form, hasBeginning, beginningLength: forms.beginningLength };
        const now = follow(search, piece, begun[index] as number, (end) => spans.push([end - form.bytes.length, end]));
        begun[index] = now;
        heldLength = Math.max(heldLength, now);
      });
      if (held.length === 0 && heldLength === 0 && spans.length === 0) return piece;
      const bytes = Buffer.concat([held, piece]);
      for (const [from, to] of spans) bytes.fill(asterisk, held.length + from, held.length + to);
      // A copy, because a slice would keep the whole chunk in memory.
      held = Buffer.from(bytes.subarray(bytes.length - heldLength));
      return bytes.subarray(0, bytes.length - heldLength);
    },
    end() {
      const rest = held;
      held = Buffer.alloc(0);
      begun.fill(0);
      return rest;
    },
  };
}

interface Search {
  readonly form: Form;
  readonly hasBeginning: boolean;
  readonly beginningLength: number;
}

/** Returns how many bytes of the form match at the end of the chunk; `onFound` gets the end position of each match. */
function follow(
  { form, hasBeginning, beginningLength }: Search,
  piece: Buffer,
  begun: number,
  onFound: (end: number) => void,
): number {
  const { bytes, beginning, fallbacks } = form;
  /** From here on, no complete beginning fits. */
  const border = Math.max(0, piece.length - beginningLength + 1);
  let matched = begun;
  let at = 0;
  while (at < piece.length) {
    if (matched === 0 && at < border) {
      const next = hasBeginning ? piece.indexOf(beginning, at) : -1;
      at = next === -1 ? border : next;
    }
    while (matched > 0 && piece[at] !== bytes[matched]) matched = fallbacks[matched] as number;
    if (piece[at] === bytes[matched]) matched += 1;
    at += 1;
    if (matched === bytes.length) {
      onFound(at);
      matched = fallbacks[matched] as number;
    }
  }
  return matched;
}

function rememberedForms(secrets: readonly string[]): Forms {
  const key = JSON.stringify(secrets);
  const forms = remembered.get(key) ?? formsOf(secrets);
  if (!remembered.has(key)) setBounded(remembered, key, forms, maxRemembered);
  return forms;
}

function formsOf(secrets: readonly string[]): Forms {
  const texts = new Set(secrets.filter(({ length }) => length >= minCoveredLength).flatMap(formsAsQuoted));
  const bytes = [...texts].map((text) => Buffer.from(text, 'utf8')).filter(({ length }) => length >= minCoveredLength);
  const beginningLength = Math.min(longestBeginning, ...bytes.map(({ length }) => length));
  const all = bytes.map((form) => ({
    bytes: form,
    beginning: form.subarray(0, beginningLength),
    fallbacks: fallbacksOf(form),
  }));
  return { all, beginningLength, hasBeginning: createBeginningSearch(all, beginningLength) };
}

/** An upstream may quote a request as text, as JSON or as a URL, and may encode the quote once more. */
function formsAsQuoted(secret: string): readonly string[] {
  const quoted = [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret.toWellFormed())];
  return quoted.flatMap(formsOfSecret);
}

function fallbacksOf(bytes: Buffer): Uint32Array {
  const fallbacks = new Uint32Array(bytes.length + 1);
  for (let length = 1, matched = 0; length < bytes.length; length += 1) {
    while (matched > 0 && bytes[length] !== bytes[matched]) matched = fallbacks[matched] as number;
    if (bytes[length] === bytes[matched]) matched += 1;
    fallbacks[length + 1] = matched;
  }
  return fallbacks;
}

/** The index of two bytes in the table below. */
function placeOf(first: number, second: number): number {
  return (first << 8) | second;
}

function createBeginningSearch(forms: readonly Form[], length: number): (piece: Buffer) => boolean {
  /** For each pair of bytes: how far the search may skip ahead without missing a beginning. */
  const skips = new Uint8Array(65_536).fill(length - 1);
  const endingAt = new Map<number, Buffer[]>();
  for (const { beginning } of forms) {
    for (let at = 1; at < length; at += 1) {
      const place = placeOf(beginning[at - 1] as number, beginning[at] as number);
      skips[place] = Math.min(skips[place] as number, length - 1 - at);
      if (at === length - 1) endingAt.set(place, [...(endingAt.get(place) ?? []), beginning]);
    }
  }
  return (piece) => {
    for (let last = length - 1; last < piece.length; ) {
      const place = placeOf(piece[last - 1] as number, piece[last] as number);
      const skip = skips[place] as number;
      if (skip === 0) {
        const from = last - length + 1;
        if (endingAt.get(place)?.some((beginning) => standsAt(piece, beginning, from))) return true;
        last += 1;
      } else last += skip;
    }
    return false;
  };
}

function standsAt(piece: Buffer, beginning: Buffer, from: number): boolean {
  for (let at = 0; at < beginning.length; at += 1) if (piece[from + at] !== beginning[at]) return false;
  return true;
}
