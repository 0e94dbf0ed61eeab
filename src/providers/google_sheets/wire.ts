/**
 * Google's replies, parsed. A long list of values is read in slices of the event loop: ten megabytes parsed at once would
 * hold up everyone for a tenth of a second.
 */
import { setImmediate } from 'node:timers/promises';
import type { ProviderReply } from '../provider.ts';
import { isObject, type Json, listIn, textIn } from '../reading.ts';
import type { Cell, ReadRange, UpdatedRange } from './operations.ts';

/** Up to here a reply is parsed at once: some five milliseconds. */
const sliceBytes = 512 * 1024;

/** The reply's JSON; undefined where it is none. */
export async function parseReply(reply: ProviderReply): Promise<unknown> {
  try {
    if (reply.body.length <= sliceBytes) return JSON.parse(reply.body.toString('utf8'));
    return await parseInSlices(reply.body);
  } catch {
    return undefined;
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Takes the members of each array called `values` out of the text in groups and parses them group by group, then the
 * small rest with the groups put back. Throws where any of it is no JSON.
 */
async function parseInSlices(body: Buffer): Promise<unknown> {
  const lists: unknown[][] = [];
  const rest: Buffer[] = [];
  let restFrom = 0;
  let sinceYield = 0;
  for (let at = body.indexOf('"values"'); at !== -1; at = body.indexOf('"values"', restFrom)) {
    const start = arrayStartAfter(body, at + 8);
    if (start === null) {
      rest.push(body.subarray(restFrom, at + 8));
      restFrom = at + 8;
      continue;
    }
    const list: unknown[] = [];
    let groupFrom = start + 1;
    let index = groupFrom;
    for (;;) {
      const end = endOfMember(body, index);
      sinceYield += end - index;
      const isLast = body[end] === closeBracket;
      if (isLast || end - groupFrom > sliceBytes) {
        for (const row of JSON.parse(`[${body.toString('utf8', groupFrom, end)}]`) as unknown[]) list.push(row);
        groupFrom = end + 1;
      }
      if (sinceYield > sliceBytes) {
        sinceYield = 0;
        await setImmediate();
      }
      index = end + 1;
      if (isLast) break;
    }
    rest.push(body.subarray(restFrom, start), Buffer.from(`${lists.length}`));
    lists.push(list);
    restFrom = index;
  }
  rest.push(body.subarray(restFrom));
  // Where `values` was a list, the number of that list stands now.
  return JSON.parse(Buffer.concat(rest).toString('utf8'), (name, value: unknown) =>
    name === 'values' && typeof value === 'number' ? lists[value] : value,
  );
}

function arrayStartAfter(body: Buffer, from: number): number | null {
  const text = body.toString('latin1', from, from + 64);
  const match = /^\s*:\s*\[/.exec(text);
  return match === null ? null : from + match[0].length - 1;
}

/** Where the comma or the closing bracket after the member that begins at `from` stands. Throws at the end of the text. */
function endOfMember(body: Buffer, from: number): number {
  let depth = 0;
  for (let at = from; at < body.length; at++) {
    const byte = body[at];
    if (byte === quote) {
      at = endOfText(body, at);
    } else if (byte === openBracket || byte === openBrace) {
      depth += 1;
    } else if (depth === 0 && (byte === comma || byte === closeBracket)) {
      return at;
    } else if (byte === closeBracket || byte === closeBrace) {
      depth -= 1;
    }
  }
  throw new SyntaxError('the reply ends in the middle of a list');
}

function endOfText(body: Buffer, from: number): number {
  for (let at = from + 1; at < body.length; at++) {
    if (body[at] === backslash) at += 1;
    else if (body[at] === quote) return at;
  }
  throw new SyntaxError('the reply ends in the middle of a text');
}

/** A ValueRange; null where it is none. A missing `values` is an empty range. */
export function readValueRange(json: unknown): ReadRange | null {
  const range = textIn(json, 'range');
  if (range === null) return null;
  const values = (json as Json).values ?? [];
  return Array.isArray(values) && values.every(Array.isArray) ? { range, values: values as Cell[][] } : null;
}

/** As many as were asked for, or null. */
export function readValueRanges(json: unknown, count: number): readonly ReadRange[] | null {
  const ranges = listIn(json, 'valueRanges').map(readValueRange);
  return ranges.length === count && ranges.every((range) => range !== null) ? ranges : null;
}

/** Counts that are zero may be left out. */
export function readUpdate(json: unknown): UpdatedRange | null {
  const updatedRange = textIn(json, 'updatedRange');
  if (updatedRange === null) return null;
  return {
    updatedRange,
    updatedRows: countIn(json, 'updatedRows'),
    updatedColumns: countIn(json, 'updatedColumns'),
    updatedCells: countIn(json, 'updatedCells'),
  };
}

export function readUpdates(json: unknown, count: number): readonly UpdatedRange[] | null {
  const updates = listIn(json, 'responses').map(readUpdate);
  return updates.length === count && updates.every((update) => update !== null) ? updates : null;
}

export function readClearedRanges(json: unknown, count: number): readonly string[] | null {
  const one = textIn(json, 'clearedRange');
  const ranges = one === null ? listIn(json, 'clearedRanges') : [one];
  return ranges.length === count && ranges.every((range) => typeof range === 'string') ? (ranges as string[]) : null;
}

export function countIn(json: unknown, member: string): number {
  const value = isObject(json) ? json[member] : undefined;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : 0;
}
