/** Reads a file in the encoding of its spreadsheet program. */
import { isUtf8 } from 'node:buffer';
import { CommandFailed, UsageError } from '../command.ts';

export const encodings = ['utf-8', 'windows-1251', 'utf-16le', 'koi8-r', 'cp866'] as const;

const otherNames: Readonly<Record<string, string>> = {
  utf8: 'utf-8',
  cp1251: 'windows-1251',
  'win-1251': 'windows-1251',
  win1251: 'windows-1251',
  '1251': 'windows-1251',
  'utf-16': 'utf-16le',
  utf16: 'utf-16le',
  koi8r: 'koi8-r',
  ibm866: 'cp866',
};

/**
 * Keeps a byte-order mark, and adds one to a text in another encoding: the output is UTF-8, which spreadsheet programs
 * recognise by the mark. Invalid bytes are refused: broken letters would be sent, and paid for, as addresses.
 */
export function decodeFile(path: string, bytes: Buffer, encoding: string | null): string {
  const asked = encoding?.trim().toLowerCase() ?? null;
  const named = asked === null ? null : (otherNames[asked] ?? asked);
  if (named !== null && !(encodings as readonly string[]).includes(named)) {
    throw new UsageError(`--encoding must be one of: ${encodings.join(', ')}`);
  }
  const isUtf16 = bytes[0] === 0xff && bytes[1] === 0xfe;
  if (named === 'utf-16le' || (named === null && isUtf16)) return marked(bytes.toString('utf16le'));
  if (named !== null && named !== 'utf-8') return marked(decodeBytes(path, bytes, named));
  if (!isUtf8(bytes)) {
    throw new CommandFailed(`${path} is not UTF-8: save it as "CSV UTF-8", or say --encoding windows-1251`);
  }
  return bytes.toString('utf8');
}

function decodeBytes(path: string, bytes: Buffer, encoding: string): string {
  try {
    return new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch (cause) {
    throw new CommandFailed(`${path} is not ${encoding}`, cause);
  }
}

function marked(text: string): string {
  return text.startsWith('\uFEFF') ? text : `\uFEFF${text}`;
}
