/** What a change answers, before it is put in the API's words. */
import type { CallResult } from '../gateway/call.ts';

export interface Changed<Result> {
  readonly result: Result;
  readonly provider: string;
  readonly familyLimit: CallResult['familyLimit'];
}
