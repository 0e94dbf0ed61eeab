/**
 * Parses Google's replies. A long reply is parsed in slices of the event loop: ten megabytes at once would block other
 * requests for a tenth of a second.
 */
import { StringDecoder } from 'node:string_decoder';
import { setImmediate } from 'node:timers/promises';
import { parseSliced } from '../../encodings/sliced-json.ts';
import type { ProviderReply } from '../provider.ts';
import { isObject, type Json, listIn, textIn } from '../reading.ts';
import type { Cell, ReadRange, UpdatedRange } from './operations.ts';

/** Up to this size a reply is decoded at once, which takes a millisecond. */
const sliceBytes = 1024 * 1024;

/** The reply's JSON; undefined if it is not JSON. */
export async function parseReply({ body }: ProviderReply): Promise<unknown> {
  try {
    return await parseSliced(await decodeSliced(body));
  } catch {
    return undefined;
  }
}

async function decodeSliced(body: Buffer): Promise<string> {
  const decoder = new StringDecoder('utf8');
  let text = '';
  for (let from = 0; from < body.length; from += sliceBytes) {
    if (from > 0) await setImmediate();
    text += decoder.write(body.subarray(from, from + sliceBytes));
  }
  return text + decoder.end();
}

/** A ValueRange; null if it is not one. A missing `values` is an empty range. */
export function readValueRange(json: unknown): ReadRange | null {
  const range = textIn(json, 'range');
  if (range === null) return null;
  const values = (json as Json).values ?? [];
  return Array.isArray(values) && values.every(Array.isArray) ? { range, values: values as Cell[][] } : null;
}

/** Exactly `count` ranges, or null. */
export function readValueRanges(json: unknown, count: number): readonly ReadRange[] | null {
  const ranges = listIn(json, 'valueRanges').map(readValueRange);
  return ranges.length === count && ranges.every((range) => range !== null) ? ranges : null;
}

/** Google may omit counts of zero. */
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
