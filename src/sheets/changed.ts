/** Results of changes, before they are rendered for the API. */
import type { CallResult } from '../gateway/call.ts';

export interface Changed<Result> {
  readonly result: Result;
  readonly provider: string;
  readonly familyLimit: CallResult['familyLimit'];
}
