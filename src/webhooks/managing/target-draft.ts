/** Targets as an admin wants them, and their validation. */
import { invalidInput } from '../../errors.ts';
import type { TargetCondition } from '../../storage/tables/webhooks/webhook-targets.ts';
import { parseJsonPath } from '../target-filter.ts';

export const newTarget = {
  event_types: ['*'] as readonly string[],
  conditions: [] as readonly TargetCondition[],
  /** undefined keeps the current ones; a masked value keeps its own. */
  headers: undefined as Readonly<Record<string, string>> | undefined,
  timeout_seconds: null as number | null,
  max_attempts: null as number | null,
  ordered: false,
  /** undefined: not paused, and what was switched off automatically stays so. */
  paused: undefined as boolean | undefined,
};
export type TargetDraft = Readonly<typeof newTarget> & { readonly id?: string; readonly url: string };

/** Throws `INVALID_REQUEST` for faults that a schema cannot express. */
export function checkTargets(targets: readonly TargetDraft[]): void {
  for (const [index, target] of targets.entries()) {
    const path = `targets[${index}]`;
    if (!/^https?:\/\//i.test(target.url))
      throw invalidInput(`${path}.url`, 'must be an http or https URL', 'ожидается URL http или https');
    for (const [place, type] of target.event_types.entries()) checkEventType(type, `${path}.event_types[${place}]`);
    checkTargetHeaders(target.headers ?? {}, `${path}.headers`);
    for (const [place, condition] of target.conditions.entries()) {
      const at = `${path}.conditions[${place}]`;
      if (parseJsonPath(condition.path) === null)
        throw invalidInput(`${at}.path`, 'must be a path such as data.status', 'ожидается путь вида data.status');
      if (!('equals' in condition) && condition.in === undefined && condition.exists === undefined) {
        throw invalidInput(at, 'must say equals, in or exists', 'укажите equals, in или exists');
      }
      if (condition.exists === false && ('equals' in condition || condition.in !== undefined))
        throw invalidInput(
          `${at}.exists`,
          'must not be false beside equals or in: no event meets both',
          'не может быть false вместе с equals или in: такого события не бывает',
        );
    }
  }
}

/** Incoming types are trimmed, and `*` may stand only at the end: a pattern of another form would match nothing. */
export function checkEventType(type: string, path: string): void {
  if (type.trim() !== type || type === '')
    throw invalidInput(
      path,
      'must not be blank, nor begin or end with a blank',
      'не может быть пустым, начинаться или кончаться пробелом',
    );
  if (/\*./.test(type)) throw invalidInput(path, 'may have * at its end only', '* может стоять только в конце');
}

/** Headers that this service or the connection sets. */
const reservedHeaders =
  /^(?:webhook-.*|host|content-.*|transfer-encoding|connection|keep-alive|upgrade|te|trailer|expect)$/i;

export function checkTargetHeaders(headers: Readonly<Record<string, string>>, place = 'target_headers'): void {
  for (const [name, value] of Object.entries(headers)) {
    const path = `${place}.${name.slice(0, 100)}`;
    if (!/^[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}$/.test(name))
      throw invalidInput(path, 'must be the name of a header', 'ожидается имя заголовка');
    if (reservedHeaders.test(name)) throw invalidInput(path, 'is set by this service', 'его ставит сам шлюз');
    if (!/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(value)) {
      throw invalidInput(
        path,
        'must be printable ASCII without blanks around it',
        'ожидается печатный ASCII без пробелов по краям',
      );
    }
  }
}
