/**
 * What a pure function says of a text, remembered: words of addresses come again and again. Two generations of at most
 * `generationSize` texts each: when the young one is full it becomes the old one, and the old one is dropped, which is
 * cheaper than to move each hit to the end of a list. Texts longer than `longest` are asked of the function each time.
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
