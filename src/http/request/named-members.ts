/** The draft with the members that the body names; null counts as a value. */
export function withNamed<Draft extends object>(
  draft: Draft,
  body: { readonly [Name in keyof Draft]?: Draft[Name] | undefined },
): Draft {
  const named = body as Readonly<Record<string, unknown>>;
  const members = Object.entries(draft).map(([name, usual]) => [name, named[name] === undefined ? usual : named[name]]);
  return Object.fromEntries(members) as Draft;
}
