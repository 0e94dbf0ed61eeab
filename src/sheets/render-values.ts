/**
 * A read's answer as JSON. Written in slices of the event loop: ten megabytes turned into text at once would hold up
 * everyone.
 */
import { setImmediate } from 'node:timers/promises';
import type { MajorDimension, ReadRange } from '../providers/google_sheets/operations.ts';

const sliceBytes = 256 * 1024;

export interface RenderedRead {
  readonly fresh: Buffer;
  /** With `cached: true`; null where the answer is too large to be kept. */
  readonly stored: Buffer | null;
}

/** Answers beyond it are not kept in any layer: a few of them would push out everything else. */
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
