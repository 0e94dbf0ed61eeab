/** The value under `key`, made where it is missing. */
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
 * The value under `key`, made where it is missing, and marked as used last. At `maxSize` the one unused for longest is
 * forgotten: a Map keeps the order in which its keys were set.
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

/** Keeps `value` under `key` as the newest. At `maxSize` the one set longest ago is forgotten. */
export function setBounded<Key, Value>(map: Map<Key, Value>, key: Key, value: Value, maxSize: number): void {
  map.delete(key);
  if (map.size >= maxSize) map.delete(map.keys().next().value as Key);
  map.set(key, value);
}
