/** Lays what a body names over a draft: `base_url` of the body over `baseUrl` of the draft. */

type SnakeCase<Name extends string> = Name extends `${infer First}${infer Rest}`
  ? `${First extends Lowercase<First> ? First : `_${Lowercase<First>}`}${SnakeCase<Rest>}`
  : Name;

export type NamedMembers<Draft> = {
  readonly [Name in keyof Draft & string as SnakeCase<Name>]?: Draft[Name] | undefined;
};

/** The draft with the members that the body names; null counts as a value. */
export function withNamed<Draft extends object>(draft: Draft, body: NamedMembers<Draft>): Draft {
  const named = body as Readonly<Record<string, unknown>>;
  const members = Object.entries(draft).map(([name, usual]) => {
    const given = named[name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)];
    return [name, given === undefined ? usual : given];
  });
  return Object.fromEntries(members) as Draft;
}
