/**
 * Renders a read's answer as JSON in slices of the event loop: serialising ten megabytes at once would block other
 * requests.
 */
import { setImmediate } from 'node:timers/promises';
import type { MajorDimension, ReadRange } from '../providers/google_sheets/operations.ts';

const sliceBytes = 256 * 1024;

export interface RenderedRead {
  readonly fresh: Buffer;
  /** The answer with `cached: true`; null if it is too large to be cached. */
  readonly stored: Buffer | null;
}

/** Larger answers are not cached in any layer: a few of them would evict everything else. */
export const maxStoredBytes = 1024 * 1024;

export async function renderRead(found: ReadRange, majorDimension: MajorDimension): Promise<RenderedRead> {
  const { values, range } = found;
  const longest = values.reduce((most, line) => Math.max(most, line.length), 0);
  const [rowCount, columnCount] = majorDimension === 'ROWS' ? [values.length, longest] : [longest, values.length];
  const head = `{"values":[`;
  const tail = `],"range":${JSON.stringify(range)},"row_count":${rowCount},"column_count":${columnCount},"cached":`;
  const lines = await joinLines(values);
  const bodyOf = (cached: boolean): Buffer =>
    Buffer.concat([Buffer.from(head), ...lines, Buffer.from(`${tail}${cached}}`)]);
  const fresh = bodyOf(false);
  return { fresh, stored: fresh.length <= maxStoredBytes ? bodyOf(true) : null };
}

async function joinLines(values: ReadRange['values']): Promise<readonly Buffer[]> {
  const parts: Buffer[] = [];
  let text = '';
  for (const [index, line] of values.entries()) {
    text += `${index === 0 ? '' : ','}${JSON.stringify(line)}`;
    if (text.length < sliceBytes) continue;
    parts.push(Buffer.from(text));
    text = '';
    await setImmediate();
  }
  parts.push(Buffer.from(text));
  return parts;
}
