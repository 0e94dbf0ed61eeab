/** What an address says, part by part, in the order of its words. */
import type { DesignatorKind } from './designators.ts';

export type PartKind =
  | Exclude<DesignatorKind, 'landmark_marker' | 'landmark_before' | 'landmark_after' | 'no_number'>
  /** Words without a designator. */
  | 'name'
  /** A number without a designator. */
  | 'number'
  | 'landmark'
  | 'country'
  | 'postcode'
  /** What is not understood. */
  | 'rest';

export interface Part {
  kind: PartKind;
  code: string;
  /** Folded words, as written. */
  words: string[];
  /** House, quarter or lane number, in one spelling; empty where there is none. */
  number: string;
  /** How a number hangs on what is before it: `,` ` ` `-` or what else stands there. */
  glue: string;
  /** Tokens from `first` to before `end`. */
  first: number;
  end: number;
  /** Marked as a landmark in words (`ориентир`). */
  isMarked?: boolean;
}

export interface Unit {
  readonly flat: string | null;
  readonly entrance: string | null;
  readonly floor: string | null;
  readonly intercom?: string;
}
