import type { Call } from '../gateway/call.ts';
import type { Caller as AnyCaller } from '../gateway/caller.ts';

/** One tenant request; the calls of a batch share one charge of the family's limit. */
export type Caller = AnyCaller & Pick<Call, 'familyCharge'>;
