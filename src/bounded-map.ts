/** Returns the value under `key`; creates and stores it if it is missing. */
export function getOrCreate<Key, Value>(
  map: { get(key: Key): Value | undefined; set(key: Key, value: Value): unknown },
  key: Key,
  create: () => Value,
): Value {
  const known = map.get(key);
  if (known !== undefined) return known;
  const created = create();
  map.set(key, created);
  return created;
}

/**
 * Returns the value under `key` and marks it as the newest; creates it if it is missing. At `maxSize`, evicts the least
 * recently used entry: a Map iterates in the order in which its keys were set.
 */
export function getOrCreateBounded<Value>(
  map: Map<string, Value>,
  key: string,
  maxSize: number,
  create: () => Value,
): Value {
  const value = map.get(key) ?? create();
  setBounded(map, key, value, maxSize);
  return value;
}

/** Stores `value` under `key` as the newest entry. At `maxSize`, evicts the entry that was set longest ago. */
export function setBounded<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, maxSize: number): void {
  map.delete(key);
  if (map.size >= maxSize) map.delete(oldestOf(map));
  map.set(key, value);
}

/**
 * One iterator per full map, kept between evictions. A new iterator first skips the slots of deleted keys, which takes
 * 27 µs in a map of 10,000; a kept one has skipped them already.
 */
const oldestFirst = new WeakMap<Keyed<never>, Iterator<unknown>>();

type Keyed<Key> = Pick<Map<Key, unknown> | Set<Key>, 'keys'>;

/**
 * Returns the key that was set longest ago. The map or set must not be empty, and the caller must delete the key at
 * once.
 */
export function oldestOf<Key>(map: Keyed<Key>): Key {
  const next = oldestFirst.get(map as Keyed<never>)?.next();
  if (next !== undefined && next.done !== true) return next.value as Key;
  const keys = map.keys();
  oldestFirst.set(map as Keyed<never>, keys);
  return keys.next().value as Key;
}

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
