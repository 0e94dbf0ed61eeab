/** Targets as an admin wants them, and their validation. */
import { invalidInput } from '../../errors.ts';
import type { TargetCondition } from '../../storage/tables/webhooks/webhook-targets.ts';
import { parseJsonPath } from '../target-filter.ts';

export interface TargetDraft {
  readonly id?: string;
  readonly url: string;
  readonly eventTypes: readonly string[];
  readonly conditions: readonly TargetCondition[];
  /** undefined keeps the current ones; a masked value keeps its own. */
  readonly headers: Readonly<Record<string, string>> | undefined;
  readonly timeoutSeconds: number | null;
  readonly maxAttempts: number | null;
  readonly ordered: boolean;
  readonly paused: boolean;
}

/** Throws `INVALID_REQUEST` for faults that a schema cannot express. */
export function checkTargets(targets: readonly TargetDraft[]): void {
  for (const [index, target] of targets.entries()) {
    const path = `targets[${index}]`;
    if (!/^https?:\/\//i.test(target.url)) throw invalidInput(`${path}.url`, 'must be an http or https URL');
    for (const [place, type] of target.eventTypes.entries()) checkEventType(type, `${path}.event_types[${place}]`);
    checkTargetHeaders(target.headers ?? {}, `${path}.headers`);
    for (const [place, condition] of target.conditions.entries()) {
      const at = `${path}.conditions[${place}]`;
      if (parseJsonPath(condition.path) === null)
        throw invalidInput(`${at}.path`, 'must be a path such as data.status');
      if (!('equals' in condition) && condition.in === undefined && condition.exists === undefined) {
        throw invalidInput(at, 'must say equals, in or exists');
      }
    }
  }
}

/** Incoming types are trimmed, and `*` may stand only at the end: a pattern of another form would match nothing. */
export function checkEventType(type: string, path: string): void {
  if (type.trim() !== type || type === '') throw invalidInput(path, 'must not be blank, nor begin or end with a blank');
  if (/\*./.test(type)) throw invalidInput(path, 'may have * at its end only');
}

/** Headers that this service or the connection sets. */
const reservedHeaders =
  /^(?:webhook-.*|host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect)$/i;

export function checkTargetHeaders(headers: Readonly<Record<string, string>>, place = 'target_headers'): void {
  for (const [name, value] of Object.entries(headers)) {
    const path = `${place}.${name.slice(0, 100)}`;
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name)) throw invalidInput(path, 'must be the name of a header');
    if (reservedHeaders.test(name)) throw invalidInput(path, 'is set by this service');
    if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
      throw invalidInput(path, 'must be printable ASCII without blanks around it');
    }
  }
}
