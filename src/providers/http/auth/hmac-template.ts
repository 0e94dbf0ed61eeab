/**
 * Templates of the text to sign, with placeholders: `{timestamp}{method}{path_and_query}{body}`. `{sha256:…}` is the
 * digest, in bytes, of its content; `{form:name}` is a member of a form body.
 */
import { createHash } from 'node:crypto';
import { type Words, words } from '../../../errors.ts';

const valueNames = [
  'timestamp',
  'nonce',
  'key',
  'method',
  'host',
  'path',
  'query',
  'path_and_query',
  'body',
  'body_sha256',
] as const;
type ValueName = (typeof valueNames)[number];

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'value'; readonly name: ValueName }
  | { readonly kind: 'form'; readonly name: string }
  | { readonly kind: 'sha256'; readonly of: Template };

export type Template = readonly Part[];

export type TemplateValues = Readonly<Record<Exclude<ValueName, 'body' | 'body_sha256'>, string>> & {
  readonly body: Buffer;
};

/** Thrown for an invalid template. */
export class TemplateFault extends Error {
  readonly words: Required<Words>;

  constructor(message: string, messageRu: string) {
    super(message);
    this.words = words(message, messageRu);
  }
}

const deepest = 4;

export function parseTemplate(text: string): Template {
  const { parts, end } = parseParts(text, 0, 0);
  if (end < text.length) throw new TemplateFault('has a "}" without a "{"', 'есть «}» без «{»');
  return parts;
}

/** Parses up to the end, or to the brace that closes the enclosing placeholder. */
function parseParts(text: string, from: number, depth: number): { readonly parts: Template; readonly end: number } {
  if (depth > deepest)
    throw new TemplateFault(
      `has more than ${deepest} placeholders within each other`,
      `вложено больше ${deepest} подстановок`,
    );
  const parts: Part[] = [];
  let at = from;
  while (at < text.length && text[at] !== '}') {
    if (text[at] !== '{') {
      const end = text.slice(at).search(/[{}]/);
      const until = end === -1 ? text.length : at + end;
      parts.push({ kind: 'text', text: text.slice(at, until) });
      at = until;
    } else if (text.startsWith('{sha256:', at)) {
      const inner = parseParts(text, at + '{sha256:'.length, depth + 1);
      if (text[inner.end] !== '}') throw new TemplateFault('has a "{" that is not closed', 'есть незакрытая «{»');
      parts.push({ kind: 'sha256', of: inner.parts });
      at = inner.end + 1;
    } else {
      const end = text.indexOf('}', at);
      if (end === -1) throw new TemplateFault('has a "{" that is not closed', 'есть незакрытая «{»');
      parts.push(placeholder(text.slice(at + 1, end)));
      at = end + 1;
    }
  }
  return { parts, end: at };
}

function placeholder(name: string): Part {
  const value = valueNames.find((known) => known === name);
  if (value !== undefined) return { kind: 'value', name: value };
  if (/^form:[^{}]+$/.test(name)) return { kind: 'form', name: name.slice('form:'.length) };
  const known = [...valueNames, 'form:…', 'sha256:…'].map((one) => `{${one}}`).join(', ');
  const shown = `{${name.slice(0, 60)}}`;
  throw new TemplateFault(
    `has no placeholder "${shown}"; there are ${known}`,
    `подстановки «${shown}» нет; есть ${known}`,
  );
}

export function render(template: Template, values: TemplateValues): Buffer {
  return Buffer.concat(template.map((part) => rendered(part, values)));
}

function rendered(part: Part, values: TemplateValues): Buffer {
  switch (part.kind) {
    case 'text':
      return Buffer.from(part.text);
    case 'form':
      return Buffer.from(new URLSearchParams(values.body.toString('utf8')).get(part.name) ?? '');
    case 'sha256':
      return createHash('sha256').update(render(part.of, values)).digest();
    case 'value':
      if (part.name === 'body') return values.body;
      if (part.name === 'body_sha256') return Buffer.from(createHash('sha256').update(values.body).digest('hex'));
      return Buffer.from(values[part.name]);
  }
}

/** Whether the template contains this value, at any depth. */
export function holds(template: Template, name: ValueName): boolean {
  return template.some((part) => {
    if (part.kind === 'sha256') return holds(part.of, name);
    return part.kind === 'value' && part.name === name;
  });
}

export function holdsBody(template: Template): boolean {
  const hasForm = (parts: Template): boolean =>
    parts.some((part) => part.kind === 'form' || (part.kind === 'sha256' && hasForm(part.of)));
  return hasForm(template) || holds(template, 'body') || holds(template, 'body_sha256');
}
