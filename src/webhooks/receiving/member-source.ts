/**
 * The source text of one value in a JSON document, so that a number beyond the precision of a double keeps its digits.
 * Walks the text once, without recursion, so that no nesting overflows the stack. The text must be valid JSON.
 */

/** The value at a path, or null; of members with the same name the last one, like `JSON.parse`. */
export function memberSource(json: string, path: readonly string[]): string | null {
  let at = skipBlanks(json, 0);
  for (const name of path) {
    const found = json[at] === '{' ? findMember(json, at, name) : json[at] === '[' ? findItem(json, at, name) : null;
    if (found === null) return null;
    at = found;
  }
  return json.slice(at, endOfValue(json, at));
}

function findMember(json: string, from: number, name: string): number | null {
  let found: number | null = null;
  let at = skipBlanks(json, from + 1);
  while (json[at] === '"') {
    const nameEnd = endOfString(json, at);
    const valueAt = skipBlanks(json, skipBlanks(json, nameEnd) + 1);
    if (JSON.parse(json.slice(at, nameEnd)) === name) found = valueAt;
    at = nextPart(json, valueAt);
  }
  return found;
}

function findItem(json: string, from: number, index: string): number | null {
  let at = skipBlanks(json, from + 1);
  for (let place = 0; json[at] !== ']' && at < json.length; place += 1) {
    if (String(place) === index) return at;
    at = nextPart(json, at);
  }
  return null;
}

/** Behind a value and the comma after it. */
function nextPart(json: string, valueAt: number): number {
  const at = skipBlanks(json, endOfValue(json, valueAt));
  return json[at] === ',' ? skipBlanks(json, at + 1) : at;
}

function endOfValue(json: string, from: number): number {
  const first = json[from];
  if (first === '"') return endOfString(json, from);
  if (first !== '{' && first !== '[') {
    let at = from;
    while (at < json.length && !/[\s,\]}]/.test(json[at] as string)) at += 1;
    return at;
  }
  let depth = 0;
  for (let at = from; at < json.length; at += 1) {
    const character = json[at];
    if (character === '"') at = endOfString(json, at) - 1;
    else if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return json.length;
}

function endOfString(json: string, from: number): number {
  for (let at = from + 1; at < json.length; at += 1) {
    if (json[at] === '\\') at += 1;
    else if (json[at] === '"') return at + 1;
  }
  return json.length;
}

function skipBlanks(json: string, from: number): number {
  let at = from;
  while (json[at] === ' ' || json[at] === '\n' || json[at] === '\r' || json[at] === '\t') at += 1;
  return at;
}
