/**
 * No parser of external text takes more than linear time or blocks the event loop: each one runs on the shapes that are
 * worst for it, at its largest size and at a quarter of it.
 *
 * The test compares this thread's own CPU time, the best of a few runs, so that a busy machine fails nothing. Run alone
 * with `STALL_TABLE=1` it prints the table of `docs/security.md`.
 */
import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parseSync } from '@swc/core';
import Fastify from 'fastify';
import { keepBody } from '../../src/audit/body.ts';
import { createMasker } from '../../src/audit/mask.ts';
import { parseCsv } from '../../src/cli/geocode/csv.ts';
import { parseSliced, renderSliced } from '../../src/encodings/sliced-json.ts';
import { acceptJson, faultOfShape } from '../../src/http/request/json-body.ts';
import { createSecretCover } from '../../src/providers/http/cover-secrets.ts';
import { parseJson } from '../../src/providers/reading.ts';
import { parseA1 } from '../../src/sheets/a1.ts';
import { parseWriteRequest } from '../../src/sheets/parse-request.ts';
import { writeRequest } from '../../src/sheets/request-schemas.ts';
import { contentOf, identifyDelivery } from '../../src/webhooks/receiving/identify-delivery.ts';
import { maxParsedAtOnceBytes } from '../../src/webhooks/receiving/large-payload.ts';
import { renderPayload } from '../../src/webhooks/receiving/payload.ts';
import { readBody } from '../../src/webhooks/receiving/read-body.ts';
import { sourceOf } from '../../src/webhooks/sources/sources.ts';
import { checkedBody } from '../support/checked-body.ts';

const kibibyte = 1_024;
const masker = createMasker(['x-house-code']);
const { eventTypeFrom, deliveryIdFrom } = sourceOf('custom');
const naming = { eventTypeFrom, deliveryIdFrom, signedHeaders: [], targets: [] };
const form = 'application/x-www-form-urlencoded';

const pump = (piece: string, length: number): string => piece.repeat(Math.ceil(length / piece.length)).slice(0, length);
const membersOf = (length: number): string =>
  Array.from({ length: Math.ceil(length / 12) }, (_, index) => `"k${index}":1`).join();

/** Shapes by name: each generates a text of about this length. */
const shapes: Readonly<Record<string, (length: number) => string>> = {
  'multipart: one head without an end': (n) => `--\n${pump('name=', n)}`,
  'multipart: many heads': (n) => `--\n${pump(`name=a${'b'.repeat(300)}\n`, n)}`,
  'multipart: many boundaries': (n) => pump('--\r\nname="token"\r\n\r\n', n),
  'form: empty fields': (n) => pump('a&', n),
  'form: one field again and again': (n) => pump('payload=%7B&', n),
  'form: escapes': (n) => pump('%41=&', n),
  'XML: open tags': (n) => pump('<a b ', n),
  'XML: CDATA': (n) => `<a>${pump('<![CDATA[', n)}`,
  'JSON: one long number': (n) => `[${'1'.repeat(n)}]`,
  'JSON: many numbers and a long one': (n) => `[${pump('1,', n)}12345678901234567890]`,
  'JSON: long exponents': (n) => `[${pump('1e400,', n)}1]`,
  'JSON: deep arrays': (n) => '['.repeat(n / 2) + ']'.repeat(n / 2),
  'JSON: deep objects and a long number': (n) => `${'{"a":'.repeat(n / 6)}12345678901234567890${'}'.repeat(n / 6)}`,
  'JSON: many members': (n) => `{${membersOf(n)}}`,
  'JSON: many members and a long number': (n) => `{${membersOf(n)},"x":12345678901234567890}`,
  'JSON: many objects': (n) => `[${pump('{"a":1},', n)}1]`,
  'JSON: a string of escapes': (n) => `["${pump('\\"', n)}`,
  'JSON: quoted again and again': (n) => `{"a":"${pump('{\\"a\\":', n)}`,
  'JSON: names of secrets': (n) => `{${pump('"token":{', n)}`,
  'JSON: quotes': (n) => `[${pump('"', n)}`,
  'looks of keys: tokens': (n) => pump('eyJaaaaaaaa.', n),
  'looks of keys: addresses': (n) => `${pump('://a:a', n)}@`,
  'looks of keys: private keys': (n) => pump('-----BEGIN A PRIVATE KEY-----', n),
  'words of secrets': (n) => pump("token' ", n),
  blanks: (n) => pump(' ', n),
  'line ends': (n) => pump('\r\n', n),
  quotes: (n) => pump('"a"",', n),
};

interface Reader {
  /** The largest text that it gets in one turn, in characters. */
  readonly size: number;
  readonly read: (text: string) => unknown;
}

/** Secrets whose encoded forms begin as often as possible in the texts below, and continue for long. */
const echoed = [`${'1'.repeat(2_047)}x`, `${'a&'.repeat(1_000)}x`, `${' '.repeat(2_000)}x`];
const secrets = Array.from({ length: 8 }, (_, index) => `canary-${index}-0123456789abcdef`);

const readers: Readonly<Record<string, Reader>> = {
  'audit: a kept body': { size: 64 * kibibyte, read: (text) => keepBody(text, masker, secrets) },
  'audit: an error message': { size: 4 * kibibyte, read: (text) => masker.text(text, secrets) },
  'audit: an address': { size: 16 * kibibyte, read: (text) => masker.url(`http://a/?${text}`, secrets) },
  'audit: a header': { size: 16 * kibibyte, read: (text) => masker.headers({ a: text }, secrets) },
  'webhook: a body read at once': {
    size: maxParsedAtOnceBytes,
    read: (text) => {
      const body = Buffer.from(text);
      const read = readBody(body, form, undefined);
      return [identifyDelivery(naming, contentOf({}, body, read)), renderPayload(read, body.length)];
    },
  },
  'API: the shape of a JSON body': { size: 2_048 * kibibyte, read: faultOfShape },
  'proxy: credentials in an answer held whole': {
    size: 1_024 * kibibyte,
    read: (text) => createSecretCover(echoed)?.add(Buffer.from(text)),
  },
  'providers: a reply about places': {
    size: 512 * kibibyte,
    read: (text) => parseJson({ status: 200, headers: {}, body: Buffer.from(text) }),
  },
  'command line: a file of addresses': { size: 256 * kibibyte, read: (text) => parseCsv(text) },
  'sheets: a range': {
    size: kibibyte,
    read: (text) => {
      try {
        return parseA1(text);
      } catch {
        return null;
      }
    },
  },
};

function cpuMs(work: () => unknown): number {
  let best = Number.POSITIVE_INFINITY;
  for (let run = 0; run < 3; run += 1) {
    const before = process.threadCpuUsage();
    try {
      work();
    } catch {
      // What it reports about the text is tested elsewhere.
    }
    const { user, system } = process.threadCpuUsage(before);
    best = Math.min(best, (user + system) / 1000);
    if (best < 5) break;
  }
  return best;
}

/** Twice linear, plus the clock's resolution and garbage collection. */
const isLinear = (quarterMs: number, wholeMs: number): boolean => wholeMs <= 8 * quarterMs + 20;
/** The rule is 50 ms on our own machine; a slower and busier one gets four times that. */
const mostMs = 200;
const plainJson = `[${'1,'.repeat(1024 * kibibyte)}1]`;
/** A machine may be slower still: there, a turn may take eight times what 2 MiB of plain JSON take to parse. */
const isBearable = (ms: number): boolean => ms < mostMs || ms < 8 * cpuMs(() => JSON.parse(plainJson));
/** Other tests on this core may spoil one measurement; code that takes more than linear time fails all of them. */
const mostTries = 3;

for (const [name, { size, read }] of Object.entries(readers)) {
  test(`${name} is read in linear time, whatever its shape`, () => {
    let worst = { ms: 0, shape: '' };
    for (const [shape, make] of Object.entries(shapes)) {
      const quarter = make(size / 4);
      const whole = make(size);
      let [quarterMs, wholeMs] = [0, Number.POSITIVE_INFINITY];
      for (let tries = 0; tries < mostTries && !(isLinear(quarterMs, wholeMs) && wholeMs < mostMs); tries += 1) {
        quarterMs = cpuMs(() => read(quarter));
        wholeMs = cpuMs(() => read(whole));
      }
      if (wholeMs > worst.ms) worst = { ms: wholeMs, shape };
      assert.ok(isLinear(quarterMs, wholeMs), `${shape}: ${quarterMs} ms, then ${wholeMs} ms`);
      assert.ok(isBearable(wholeMs), `${shape}: ${wholeMs} ms`);
    }
    if (process.env.STALL_TABLE)
      process.stdout.write(`| ${name} | ${size} | ${worst.ms.toFixed(1)} | ${worst.shape} |\n`);
  });
}

/** The longest turn of this thread, when the work takes many turns. */
async function longestTurnMs(work: () => Promise<unknown>): Promise<number> {
  const now = (): number => {
    const { user, system } = process.threadCpuUsage();
    return (user + system) / 1000;
  };
  let longest = 0;
  let isDone = false;
  let last = now();
  const look = (): void => {
    const at = now();
    longest = Math.max(longest, at - last);
    last = at;
    if (!isDone) setImmediate(look);
  };
  setImmediate(look);
  // What it reports about the text is tested elsewhere.
  await work().catch(() => {});
  isDone = true;
  await new Promise((resolve) => setImmediate(resolve));
  look();
  return longest;
}

/** The largest accepted bodies, in the shapes that are slowest to parse, check or write. */
const largestBody = 12 * 1024 * kibibyte;
const largeShapes: Readonly<Record<string, (length: number) => string>> = {
  ...Object.fromEntries(Object.entries(shapes).filter(([name]) => /^JSON|^blanks/.test(name))),
  'rows of one digit': (n) => rowsOf('[1]', n),
  'rows of digits': (n) => rowsOf(`[${pump('1,', 38)}1]`, n),
  'rows of large numbers': (n) => rowsOf(`[${pump('1e40,', 95)}1]`, n),
  'rows of texts': (n) => rowsOf(`["${'abcdef'.repeat(8)}","\\"\n"]`, n),
  'rows of long texts': (n) => rowsOf(`["${'\\"'.repeat(12_000)}"]`, n),
  'an object of lists': (n) => `{${membersOf(108_000).replaceAll(':1', `:[${pump('{"a":1},', n / 9_000)}1]`)}}`,
};
function rowsOf(row: string, length: number): string {
  const place = '"spreadsheet_id":"1AbcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQR","range":"A1"';
  return `{${place},"values":[${pump(`${row},`, length - (length % (row.length + 1)))}${row}]}`;
}

const largeReaders: Readonly<Record<string, (text: string) => Promise<unknown>>> = {
  'API: a JSON body': async (text) => {
    const app = Fastify({ bodyLimit: 2 * largestBody });
    acceptJson(app);
    app.post('/', async () => 'ok');
    const headers = { 'content-type': 'application/json' };
    const { statusCode } = await app.inject({ method: 'POST', url: '/', headers, body: Buffer.from(text) });
    assert.ok(statusCode < 500);
  },
  'sheets: the rows of a write, from text to text': async (text) => {
    const body = await parseSliced(text);
    const check = async () => parseWriteRequest(checkedBody(writeRequest.checked, body));
    await check().catch(() => {});
    await renderSliced(body);
  },
};

for (const [name, read] of Object.entries(largeReaders)) {
  test(`${name} is read in short turns, whatever its shape`, async () => {
    let worst = { ms: 0, shape: '' };
    for (const [shape, make] of Object.entries(largeShapes)) {
      const text = make(largestBody);
      // Bodies that the API refuses reach no other reader.
      if (!name.startsWith('API') && faultOfShape(text) !== null) continue;
      let ms = await longestTurnMs(() => read(text));
      // The garbage collector has its turns too.
      for (let tries = 1; tries < mostTries && ms > (tries === 1 ? mostMs / 4 : mostMs); tries += 1) {
        ms = Math.min(ms, await longestTurnMs(() => read(text)));
      }
      if (ms > worst.ms) worst = { ms, shape };
      assert.ok(isBearable(ms), `${shape}: a turn of ${ms} ms`);
    }
    if (process.env.STALL_TABLE)
      process.stdout.write(`| ${name} (a turn) | ${largestBody} | ${worst.ms.toFixed(1)} | ${worst.shape} |\n`);
  });
}

interface FoundPattern {
  readonly file: string;
  readonly pattern: string;
  readonly flags: string;
}

function patternsOf(file: string): FoundPattern[] {
  const source = readFileSync(file, 'utf8');
  const found: FoundPattern[] = [];
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    const { type, pattern, flags } = node as { type?: string; pattern?: string; flags?: string };
    if (type === 'RegExpLiteral') found.push({ file, pattern: pattern as string, flags: flags ?? '' });
    for (const member of Object.values(node)) look(member);
  };
  look(parseSync(source, { syntax: 'typescript', tsx: file.endsWith('x'), target: 'esnext' }));
  return found;
}

/** The pieces of a pattern, as texts that it may start to match again and again. */
function piecesOf(pattern: string): string[] {
  const words = pattern.match(/[A-Za-z0-9_=:/.&<>"'-]{1,40}/g) ?? [];
  const plain = [
    'a',
    'A',
    '0',
    ' ',
    '\n',
    '"',
    '-',
    '.',
    ',',
    '/',
    '\\',
    '=',
    ':',
    '[',
    '{',
    '<',
    '%41',
    'é',
    'ж',
    'a ',
    'a.',
    '0,',
    'a=',
    '\r\n',
  ];
  return [...new Set([...plain, ...words.slice(0, 12), words.join('')])].filter((piece) => piece !== '');
}

const largestText = 16 * kibibyte;

/** Patterns for text that is short by then, or comes from the operator. */
function boundOf(file: string, pattern: string): number {
  if (file.startsWith('/geocoding/address/')) return 500;
  // The path of an address: of a service, a webhook or the environment.
  if (pattern === '\\/+$') return 2 * kibibyte;
  return largestText;
}

test('every regular expression of the service takes linear time on texts made of its own pieces', () => {
  const root = join(import.meta.dirname, '../../src');
  const files = globSync('**/*.ts', { cwd: root }).filter((file) => !/\.(test|bench)\.ts$/.test(file));
  const patterns = files.flatMap((file) => patternsOf(join(root, file)));
  assert.ok(patterns.length > 100, `${patterns.length} were found`);
  const slow: string[] = [];
  for (const { file, pattern, flags } of patterns) {
    const expression = new RegExp(pattern, flags.includes('g') ? flags : `${flags}g`);
    for (const piece of piecesOf(pattern)) {
      for (const end of ['', '\u0000']) {
        const timeOf = (length: number): number => {
          const text = pump(piece, length) + end;
          return cpuMs(() => text.replace(expression, ''));
        };
        if (timeOf(2 * kibibyte) < 1) continue;
        const longest = boundOf(file.slice(root.length), pattern);
        const quarterMs = timeOf(longest / 4);
        const wholeMs = timeOf(longest);
        if (longest < largestText && wholeMs < mostMs / 4) continue;
        if (!isLinear(quarterMs, wholeMs) || wholeMs > mostMs) {
          slow.push(
            `${file.slice(root.length)} /${pattern}/ on ${JSON.stringify(piece)}: ${quarterMs} ms, ${wholeMs} ms`,
          );
        }
      }
    }
  }
  assert.deepEqual(slow, []);
});
