/** JSON bodies: parsed once, safe against prototype poisoning, and without text that no store can hold. */

import { setImmediate } from 'node:timers/promises';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { parseSliced, sliceLength } from '../../encodings/sliced-json.ts';
import type { InputFault } from '../../errors.ts';
import { inputError } from './validate.ts';

/** An escape that may be U+0000 or half of a surrogate pair: PostgreSQL refuses both, and JSON.parse lets both pass. */
const suspiciousEscape = /\\u(?:0000|[dD][89a-fA-F])/;
const maxDepth = 64;

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The route checks its texts itself: one bad item fails alone, not the whole batch. */
    judgesText?: boolean;
  }
}

/**
 * Replaces Fastify's parser by one that calls it and then checks the result. A large text is checked in slices, so that
 * other requests run in between.
 *
 * Some clients send a content type with every request, even without a body, for example on `DELETE`: an empty body
 * counts as none, and routes that need one refuse it.
 */
export function acceptJson(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser(['application/json', 'text/plain']);
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text: string, done) => {
    if (text === '') return done(null, undefined);
    if (text.length > sliceLength) {
      parseLarge(text, (piece) => parseNow(parseJson, request, piece), request).then((body) => done(null, body), done);
      return;
    }
    const shapeFault = text.length > plainLength ? faultOfShape(text) : null;
    if (shapeFault !== null) return done(inputError([{ path: 'body', message: shapeFault }]));
    parseJson(request, text, (error, body) => {
      if (error !== null && isJson(text)) return done(inputError([{ path: 'body', message: poisonedName }]));
      if (error !== null || !suspiciousEscape.test(text) || request.routeOptions.config.judgesText === true)
        return done(error, body);
      const faults: InputFault[] = [];
      findUnstorable(body, '', 0, faults);
      return faults.length > 0 ? done(inputError(faults)) : done(null, body);
    });
  });
}

type Parser = ReturnType<FastifyInstance['getDefaultJsonParser']>;

/** Fastify's parser calls back synchronously. Throws its error. */
function parseNow(parse: Parser, request: FastifyRequest, text: string): unknown {
  let outcome: { readonly error: Error | null; readonly body?: unknown } = { error: null };
  parse(request, text, (error, body) => {
    outcome = { error, body };
  });
  if (outcome.error !== null) throw outcome.error;
  return outcome.body;
}

async function parseLarge(
  text: string,
  parse: (piece: string) => unknown,
  { routeOptions }: Pick<FastifyRequest, 'routeOptions'>,
): Promise<unknown> {
  const shapeFault = await inTurns(walkShape(text));
  if (shapeFault !== null) throw inputError([{ path: 'body', message: shapeFault }]);
  const parseGood = (piece: string): unknown => {
    let value: unknown;
    try {
      value = parse(piece);
    } catch (error) {
      throw isJson(piece) ? inputError([{ path: 'body', message: poisonedName }]) : error;
    }
    if (!suspiciousEscape.test(piece) || routeOptions.config.judgesText === true) return value;
    const faults: InputFault[] = [];
    findUnstorable(value, '', 0, faults);
    // The position of this piece in the whole body is unknown here.
    if (faults.length > 0) throw inputError(faults.slice(0, 1).map(({ message }) => ({ path: 'body', message })));
    return value;
  };
  return parseSliced(text, parseGood).catch((error: unknown) => {
    // Fastify's parser reports it for any text that is not JSON.
    throw error instanceof SyntaxError ? noJson(parse) : error;
  });
}

function noJson(parse: (text: string) => unknown): unknown {
  try {
    return parse('{');
  } catch (error) {
    return error;
  }
}

async function inTurns<Result>(work: Generator<undefined, Result>): Promise<Result> {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
    await setImmediate();
  }
}

const poisonedName = 'must not have a member named "__proto__", or "prototype" inside of "constructor"';

/** Whether a text that Fastify's parser refused is valid JSON, so that only a forbidden name was the reason. */
function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** Shorter texts parse fast, whatever their shape. */
const plainLength = 4_096;
/**
 * Far more than any real request has; an object with hundreds of thousands of distinct names costs V8 a tenth of a
 * second per megabyte.
 */
const maxMembers = 10_000;
/** In characters; takes some milliseconds. */
const walkedAtOnce = 1024 * 1024;
const openBrace = 123;
const openBracket = 91;
const closeBrace = 125;
const closeBracket = 93;
const colon = 58;
const quote = 34;
const backslash = 92;

/** Finds in one pass shapes that are expensive to parse and to walk: too many members or too much nesting. */
export function faultOfShape(text: string): string | null {
  const walk = walkShape(text);
  for (;;) {
    const { done, value } = walk.next();
    if (done === true) return value;
  }
}

/** Yields now and then, so that the caller can let other requests run. */
function* walkShape(text: string): Generator<undefined, string | null> {
  let pauseAt = walkedAtOnce;
  const members: number[] = [];
  for (let at = 0; at < text.length; at += 1) {
    if (at > pauseAt) {
      pauseAt = at + walkedAtOnce;
      yield;
    }
    const code = text.charCodeAt(at);
    if (code === quote) {
      for (at += 1; at < text.length && text.charCodeAt(at) !== quote; at += 1) {
        if (text.charCodeAt(at) === backslash) at += 1;
      }
    } else if (code === openBrace || code === openBracket) {
      if (members.push(0) > maxDepth) return `must not be nested deeper than ${maxDepth}`;
    } else if (code === closeBrace || code === closeBracket) {
      members.pop();
    } else if (code === colon && members.length > 0) {
      const count = (members[members.length - 1] as number) + 1;
      if (count > maxMembers) return `must not have an object of more than ${maxMembers} members`;
      members[members.length - 1] = count;
    }
  }
  return null;
}

function findUnstorable(value: unknown, path: string, depth: number, faults: InputFault[]): void {
  const fault = (message: string): void => {
    faults.push({ path: path === '' ? 'body' : path, message });
  };
  if (faults.length >= 20) return;
  if (depth > maxDepth) fault(`must not be nested deeper than ${maxDepth}`);
  else if (typeof value === 'string') {
    if (!isStorable(value)) fault('must be text without NUL and without half surrogate pairs');
  } else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) findUnstorable(item, `${path}[${index}]`, depth + 1, faults);
  } else if (typeof value === 'object' && value !== null) {
    for (const [name, member] of Object.entries(value)) {
      if (!isStorable(name)) fault('has a name with NUL or half a surrogate pair');
      else findUnstorable(member, path === '' ? name : `${path}.${name}`, depth + 1, faults);
    }
  }
}

/** PostgreSQL's `text` and `json` hold neither U+0000 nor half of a surrogate pair. */
export function isStorable(text: string): boolean {
  return !text.includes('\u0000') && text.isWellFormed();
}
