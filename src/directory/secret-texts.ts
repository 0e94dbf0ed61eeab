/**
 * Secret headers and query parameters of a service (named in `config.secret_headers`). Their values are sealed together
 * with `credentials`, for the same destinations; `config` holds a mask in their place.
 */
import { isDeepStrictEqual } from 'node:util';
import { type InputFault, invalidInput, words } from '../errors.ts';

/** Shown instead of the value; sending it back means "keep". */
export const secretMask = '[masked]';
/** The member of the sealed credentials that holds them. */
export const secretTextsMember = 'secret_headers';

const parts = ['headers', 'query'] as const;
type Config = Readonly<Record<string, unknown>>;
type ChangeText = (name: string, text: string, part: (typeof parts)[number]) => string | undefined;
export type SecretTexts = { readonly [part in (typeof parts)[number]]?: Readonly<Record<string, string>> };

export function isSecretText(config: Config, name: string): boolean {
  const { secret_headers: names } = config;
  return Array.isArray(names) && names.some((one) => typeof one === 'string' && sameName(one, name));
}

/** Whether the stored `config` has values that are sealed elsewhere. */
export function hasSecretTexts(config: Config): boolean {
  return parts.some((part) => textsOf(config, part).some(([name]) => isSecretText(config, name)));
}

/** `config` as it is stored and shown. */
export function maskedConfig(config: Config): Record<string, unknown> {
  return withSecretTexts(config, () => secretMask);
}

/** `config` as it is used, with the sealed values in place of the masks. */
export function unmaskedConfig(config: Config, sealed: SecretTexts): Config {
  if (!hasSecretTexts(config)) return config;
  return withSecretTexts(config, (name, _text, part) => sealed[part]?.[name]);
}

/** `config` with other values for its secret headers and query parameters; undefined removes one. */
export function withSecretTexts(config: Config, change: ChangeText): Record<string, unknown> {
  return withTexts(config, (name, text, part) => (isSecretText(config, name) ? change(name, text, part) : text));
}

/** A PUT that omits a secret keeps it; null removes it. */
export function withKeptSecretTexts(given: Config, current: Config): Record<string, unknown> {
  const config: Record<string, unknown> = {
    ...(current.secret_headers === undefined ? {} : { secret_headers: current.secret_headers }),
    ...given,
  };
  for (const part of parts) {
    const sent = given[part] ?? {};
    if (typeof sent !== 'object' || Array.isArray(sent)) continue;
    const kept = textsOf(current, part).filter(([name]) => isSecretText(current, name) && isSecretText(config, name));
    const all = [
      ...kept.filter(([name]) => !Object.keys(sent).some((one) => sameName(one, name))),
      ...Object.entries(sent),
    ];
    if (all.length > 0) config[part] = Object.fromEntries(all.filter(([, text]) => text !== null));
  }
  return config;
}

/**
 * The secret values of `config`: those sent, and those of `before` where the mask is sent. `mayStay`: the host has not
 * changed. Throws `INVALID_REQUEST` for a mask without a stored value.
 */
export function secretTextsOf(config: Config, before: SecretTexts, mayStay: boolean): SecretTexts {
  const texts: Record<string, Record<string, string>> = {};
  for (const part of parts) {
    for (const [name, text] of textsOf(config, part)) {
      if (!isSecretText(config, name)) continue;
      const value = text === secretMask ? before[part]?.[name] : text;
      const path = `config.${part}.${name}`;
      if (value === undefined)
        throw invalidInput(
          path,
          'is the mask, and no value is kept under this name',
          'это маска, а под этим именем ничего не хранится',
        );
      if (text === secretMask && !mayStay) {
        throw invalidInput(
          path,
          'must be sent again, or removed with null: the service would send it to another host',
          'введите заново или уберите: сервис отправил бы его на другой хост',
        );
      }
      texts[part] = { ...texts[part], [name]: value };
    }
  }
  return texts;
}

/** A mask in a place that is not secret would be sent literally. */
export function faultsOfMasks(config: Config): InputFault[] {
  return parts.flatMap((part) =>
    textsOf(config, part).flatMap(([name, text]) =>
      text === secretMask && !isSecretText(config, name)
        ? [
            {
              path: `config.${part}.${name.slice(0, 100)}`,
              ...words('is a mask: send its value, or null', 'это маска: введите значение или уберите'),
            },
          ]
        : [],
    ),
  );
}

/** Splits the sealed `credentials` into the account's own part and the secret texts. */
export function splitCredentials(opened: unknown): { readonly own: unknown; readonly texts: SecretTexts } {
  if (typeof opened !== 'object' || opened === null || !Object.hasOwn(opened, secretTextsMember)) {
    return { own: opened, texts: {} };
  }
  const { [secretTextsMember]: texts, ...own } = opened as Record<string, unknown>;
  return { own: Object.keys(own).length === 0 ? null : own, texts: texts as SecretTexts };
}

/** Joins both parts; null if there is nothing to seal. */
export function joinCredentials(own: unknown, texts: SecretTexts): unknown {
  return isDeepStrictEqual(texts, {}) ? own : { ...(own as object | null), [secretTextsMember]: texts };
}

function withTexts(config: Config, change: ChangeText): Record<string, unknown> {
  const changed: Record<string, unknown> = { ...config };
  for (const part of parts) {
    if (typeof config[part] !== 'object') continue;
    changed[part] = Object.fromEntries(
      textsOf(config, part).flatMap(([name, text]) => {
        const other = change(name, text, part);
        return other === undefined ? [] : [[name, other] as const];
      }),
    );
  }
  return changed;
}

function textsOf(config: Config, part: string): readonly (readonly [string, string])[] {
  const texts = config[part];
  if (typeof texts !== 'object' || texts === null || Array.isArray(texts)) return [];
  return Object.entries(texts).flatMap(([name, text]) => (typeof text === 'string' ? [[name, text] as const] : []));
}

function sameName(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase();
}
