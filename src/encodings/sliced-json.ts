/**
 * Parses and renders large JSON in slices of the event loop: parsing 12 MB of cells in one turn would block all other
 * requests for a second. Small JSON is processed at once.
 */
import { setImmediate } from 'node:timers/promises';

/** In characters. The slowest JSON of this length takes about 10 ms. */
export const sliceLength = 128 * 1024;
/** Work per turn of the event loop, in steps of some nanoseconds. */
const stepsPerTurn = 256 * 1024;

/** No useful JSON is nested deeper. Each level scans its inner containers again. */
const maxDepth = 128;

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/** Counts steps and yields to the event loop after `stepsPerTurn`. */
function createTurns(): (steps: number) => Promise<void> | undefined {
  let done = 0;
  return (steps) => {
    done += steps;
    if (done < stepsPerTurn) return undefined;
    done = 0;
    return setImmediate();
  };
}

/**
 * Parses a JSON text. `parse` parses pieces of it that are valid JSON themselves, and its errors are rethrown. Throws
 * SyntaxError if the pieces do not fit together.
 */
export async function parseSliced(text: string, parse: (piece: string) => unknown = JSON.parse): Promise<unknown> {
  if (text.length <= sliceLength) return parse(text);
  const ends = await findLargeContainers(text);
  const from = skipBlank(text, 0);
  if (from === text.length) throw new SyntaxError('the text is empty');
  const end = ends.get(from);
  if (end === undefined) return parse(text);
  if (skipBlank(text, end + 1) < text.length) throw new SyntaxError('there is text after the value');
  return readContainer({ text, ends, parse, turn: createTurns() }, from, end);
}

/** Finds the containers longer than a slice: the end of each by its beginning. */
async function findLargeContainers(text: string): Promise<ReadonlyMap<number, number>> {
  const ends = new Map<number, number>();
  const open: number[] = [];
  const turn = createTurns();
  for (let at = 0, since = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openBracket || code === openBrace) {
      if (open.push(at) > maxDepth) throw new SyntaxError(`the text is nested deeper than ${maxDepth}`);
    } else if (code === closeBracket || code === closeBrace) {
      const from = open.pop();
      // In ASCII each closing bracket is two after its opening one.
      if (from === undefined || text.charCodeAt(from) !== code - 2)
        throw new SyntaxError('a closing bracket has no opening one');
      if (at - from > sliceLength) ends.set(from, at);
    }
    if (at - since > stepsPerTurn) {
      await turn(at - since);
      since = at;
    }
  }
  if (open.length > 0) throw new SyntaxError('a bracket is not closed');
  return ends;
}

interface Reading {
  readonly text: string;
  readonly ends: ReadonlyMap<number, number>;
  readonly parse: (piece: string) => unknown;
  readonly turn: ReturnType<typeof createTurns>;
}

/**
 * Parses a large container: its members in groups, each as a container of its own. A member longer than a slice is
 * parsed recursively.
 */
async function readContainer(reading: Reading, from: number, end: number): Promise<unknown> {
  const { text, ends, parse, turn } = reading;
  const isList = text.charCodeAt(from) === openBracket;
  const list: unknown[] = [];
  const members: Record<string, unknown> = {};
  let groupFrom = from + 1;
  let memberFrom = groupFrom;
  let isEmpty = true;
  /** The end of the last string or the beginning of the member: a long stretch after it can only be a number. */
  let bareFrom = groupFrom;

  const takeGroup = (groupEnd: number): void => {
    const group = text.slice(groupFrom, groupEnd);
    // There must be a value between two commas; only `[]` and `{}` have none.
    if (/^\s*$/.test(group) && !(isEmpty && groupEnd === end)) throw new SyntaxError('a value is missing');
    if (isList) for (const item of parse(`[${group}]`) as unknown[]) list.push(item);
    else addMembers(members, parse(`{${group}}`));
    isEmpty = false;
  };

  let at = groupFrom;
  for (;;) {
    const code = at < end ? text.charCodeAt(at) : comma;
    const largeEnd = code === openBracket || code === openBrace ? ends.get(at) : undefined;
    if (largeEnd !== undefined) {
      if (memberFrom > groupFrom) takeGroup(memberFrom - 1);
      const name = text.slice(memberFrom, at);
      const value = await readContainer(reading, at, largeEnd);
      if (isList && /^\s*$/.test(name)) list.push(value);
      else if (!isList) addMembers(members, { [nameOf(name, value, parse)]: value });
      else throw new SyntaxError('there is no comma before a value');
      isEmpty = false;
      at = skipBlank(text, largeEnd + 1);
      if (at === end) return isList ? list : members;
      if (text.charCodeAt(at) !== comma) throw new SyntaxError('there is no comma after a value');
      at += 1;
      groupFrom = at;
      memberFrom = at;
      bareFrom = at;
    } else if (code === comma) {
      if (at === end || at - groupFrom > sliceLength) {
        takeGroup(at);
        await turn(4 * (at - groupFrom));
        if (at === end) return isList ? list : members;
        groupFrom = at + 1;
      }
      memberFrom = at + 1;
      at = memberFrom;
      bareFrom = at;
    } else if (code === quote || code === openBracket || code === openBrace) {
      at = 1 + (code === quote ? endOfString(text, at) : endOfSmall(text, at));
      bareFrom = at;
    } else {
      at += 1;
      if (at - bareFrom > sliceLength) throw new SyntaxError('a number is too long');
    }
  }
}

/** Adds members like JSON.parse: `__proto__` is an ordinary name, if `parse` allows it. */
function addMembers(members: Record<string, unknown>, parsed: unknown): void {
  for (const [name, value] of Object.entries(parsed as object)) {
    Object.defineProperty(members, name, { value, writable: true, enumerable: true, configurable: true });
  }
}

/**
 * Parses the member name in `text`, which precedes the value. `parse` may refuse a name because of its value, so it
 * gets the part of the value that matters.
 */
function nameOf(text: string, value: unknown, parse: Reading['parse']): string {
  const [name, ...others] = Object.keys(
    parse(`{${text}${Object.hasOwn(value as object, 'prototype') ? '{"prototype":0}' : '0'}}`) as object,
  );
  if (name === undefined || others.length > 0) throw new SyntaxError('a value has no name');
  return name;
}

function endOfSmall(text: string, from: number): number {
  let depth = 0;
  for (let at = from; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === quote) at = endOfString(text, at);
    else if (code === openBracket || code === openBrace) depth += 1;
    else if (code === closeBracket || code === closeBrace) {
      depth -= 1;
      if (depth === 0) return at;
    }
  }
  throw new SyntaxError('a bracket is not closed');
}

function endOfString(text: string, from: number): number {
  for (let at = from + 1; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    if (code === backslash) at += 1;
    else if (code === quote) return at;
  }
  throw new SyntaxError('a string is not closed');
}

/** Whitespace of RFC 8259, section 2. */
function isBlank(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

function skipBlank(text: string, from: number): number {
  let at = from;
  while (at < text.length && isBlank(text.charCodeAt(at))) at += 1;
  return at;
}

/** Renders a plain value as `JSON.stringify` does. */
export async function renderSliced(value: unknown): Promise<string> {
  const parts: string[] = [];
  await render(value, parts, createTurns());
  return parts.join('');
}

/** Estimates the rendered length of a value, in characters. Stops soon after `most`. */
function estimateLength(value: unknown, most: number): number {
  if (typeof value === 'string') return value.length + 3;
  if (typeof value !== 'object' || value === null) return 8;
  let weight = 2;
  if (Array.isArray(value)) {
    for (let at = 0; at < value.length && weight <= most; at += 1) weight += estimateLength(value[at], most - weight);
    return weight;
  }
  for (const [name, member] of Object.entries(value)) {
    if (weight > most) break;
    weight += name.length + 4 + estimateLength(member, most - weight);
  }
  return weight;
}

async function render(value: unknown, parts: string[], turn: ReturnType<typeof createTurns>): Promise<void> {
  if (typeof value !== 'object' || value === null || estimateLength(value, sliceLength) <= sliceLength) {
    const text = JSON.stringify(value) ?? 'null';
    parts.push(text);
    await turn(8 * text.length);
    return;
  }
  if (Array.isArray(value)) {
    parts.push('[');
    for (let from = 0, at = 0, weight = 0; at < value.length; at += 1) {
      weight += estimateLength(value[at], sliceLength);
      const isLast = at === value.length - 1;
      if (weight <= sliceLength && !isLast) continue;
      // The item that exceeds the slice is rendered by itself.
      const isHeavy = weight > sliceLength;
      const until = isHeavy ? at : at + 1;
      if (until > from) {
        parts.push(from === 0 ? '' : ',', JSON.stringify(value.slice(from, until)).slice(1, -1));
        await turn(8 * weight);
      }
      if (isHeavy) {
        parts.push(at === 0 ? '' : ',');
        await render(value[at], parts, turn);
      }
      from = at + 1;
      weight = 0;
    }
    parts.push(']');
    return;
  }
  let isFirst = true;
  parts.push('{');
  for (const [name, member] of Object.entries(value)) {
    if (member === undefined) continue;
    parts.push(`${isFirst ? '' : ','}${JSON.stringify(name)}:`);
    await render(member, parts, turn);
    isFirst = false;
  }
  parts.push('}');
}
