/** The parts of a parsed address, in the order in which they are written. */
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
  /** Text that the parser does not understand. */
  | 'rest';

export interface Part {
  kind: PartKind;
  code: string;
  /** Folded words, as written. */
  words: string[];
  /** House, quarter or lane number in canonical spelling; empty if the part has none. */
  number: string;
  /** What joins a number to the token before it: `,`, ` `, `-` or another separator. */
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
