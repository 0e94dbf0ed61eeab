/**
 * Memoizes a pure function of a short text; the words of addresses repeat often. The memory has two generations of at
 * most `generationSize` texts: when the young one is full it becomes the old one, and the old one is dropped. That is
 * cheaper than moving each hit to the end of a list. Texts longer than `longest` are not remembered.
 */
export function remembered<Value>(
  of: (text: string) => Value,
  { generationSize = 4_096, longest = 60 }: { readonly generationSize?: number; readonly longest?: number } = {},
): (text: string) => Value {
  let young = new Map<string, { readonly value: Value }>();
  let old = new Map<string, { readonly value: Value }>();
  return (text) => {
    const known = young.get(text);
    if (known !== undefined) return known.value;
    if (text.length > longest) return of(text);
    const entry = old.get(text) ?? { value: of(text) };
    if (young.size >= generationSize) {
      old = young;
      young = new Map();
    }
    young.set(text, entry);
    return entry.value;
  };
}
