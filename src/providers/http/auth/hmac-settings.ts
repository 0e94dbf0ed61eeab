/** Parses `config.auth` of type `hmac`: the signed text, the algorithm, and the place of the signature. */
import { type InputFault, type Words, words } from '../../../errors.ts';
import { holds, holdsBody, parseTemplate, type Template, TemplateFault } from './hmac-template.ts';

const algorithms = ['sha1', 'sha256', 'sha512'] as const;
const encodings = ['hex', 'base64', 'base64url'] as const;
const secretEncodings = ['utf8', 'base64', 'hex'] as const;
const timestampFormats = ['seconds', 'milliseconds', 'iso'] as const;

export interface HmacSigning {
  readonly in: 'hmac';
  readonly place: 'header' | 'query';
  readonly name: string;
  readonly algorithm: (typeof algorithms)[number];
  readonly template: Template;
  /** Text in front of the signature. */
  readonly prefix: Template;
  readonly encoding: (typeof encodings)[number];
  /** The encoding of `credentials.secret`: some vendors issue the key in base64. */
  readonly secretEncoding: (typeof secretEncodings)[number];
  readonly timestampFormat: (typeof timestampFormats)[number];
  readonly timestampHeader: string | null;
  readonly timestampParameter: string | null;
  readonly nonceHeader: string | null;
  readonly keyHeader: string | null;
}

type Settings = Readonly<Record<string, unknown>>;

export const hmacMembers = [
  'type',
  'in',
  'name',
  'algorithm',
  'template',
  'prefix',
  'encoding',
  'secret_encoding',
  'timestamp_format',
  'timestamp_header',
  'timestamp_parameter',
  'nonce_header',
  'key_header',
] as const;

/** Invalid members count as missing; without a template nothing is signed or sent. */
export function hmacOf(auth: Settings): HmacSigning {
  const text = (member: string): string | null => (typeof auth[member] === 'string' ? auth[member] : null);
  const oneOf = <Choice extends string>(member: string, choices: readonly [Choice, ...Choice[]]): Choice =>
    choices.find((choice) => choice === auth[member]) ?? choices[0];
  return {
    in: 'hmac',
    place: auth.in === 'query' ? 'query' : 'header',
    name: text('name') ?? '',
    algorithm: oneOf('algorithm', ['sha256', 'sha1', 'sha512']),
    template: readTemplate(auth.template) ?? [],
    prefix: readTemplate(auth.prefix) ?? [],
    encoding: oneOf('encoding', encodings),
    secretEncoding: oneOf('secret_encoding', secretEncodings),
    timestampFormat: oneOf('timestamp_format', timestampFormats),
    timestampHeader: text('timestamp_header'),
    timestampParameter: text('timestamp_parameter'),
    nonceHeader: text('nonce_header'),
    keyHeader: text('key_header'),
  };
}

/** `isHeader`: whether a service may set a header of this name. */
export function faultsOfHmac(auth: Settings, path: string, isHeader: (name: string) => boolean): readonly InputFault[] {
  const faults: InputFault[] = [];
  const fault = (member: string, message: string, messageRu: string): void => {
    faults.push({ path: `${path}.${member}`, ...words(message, messageRu) });
  };
  const choices = {
    algorithm: algorithms,
    encoding: encodings,
    secret_encoding: secretEncodings,
    timestamp_format: timestampFormats,
  };
  for (const [member, known] of Object.entries(choices)) {
    const value = auth[member];
    if (value !== undefined && !known.some((choice) => choice === value))
      fault(member, `must be one of ${known.join(', ')}`, `ожидается одно из: ${known.join(', ')}`);
  }
  if (auth.in !== 'header' && auth.in !== 'query') fault('in', 'must be header or query', 'ожидается header или query');
  if (typeof auth.name !== 'string' || auth.name === '')
    fault('name', 'must name the header or parameter of the signature', 'назовите заголовок или параметр подписи');
  const headers = ['timestamp_header', 'nonce_header', 'key_header', ...(auth.in === 'header' ? ['name'] : [])];
  for (const member of headers) {
    const value = auth[member];
    if (typeof value === 'string' && value !== '' && isHeader(value)) continue;
    if (value !== undefined && !faults.some((one) => one.path === `${path}.${member}`)) {
      fault(
        member,
        'must be the name of a header that a service may set',
        'ожидается имя заголовка, который сервис может ставить',
      );
    }
  }
  const { timestamp_parameter: parameter } = auth;
  if (parameter !== undefined && (typeof parameter !== 'string' || parameter === '')) {
    fault('timestamp_parameter', 'must name a parameter of the query', 'назовите параметр запроса');
  }
  const template = readTemplate(auth.template, (found) => fault('template', found.message, found.message_ru));
  const prefix = readTemplate(auth.prefix ?? '', (found) => fault('prefix', found.message, found.message_ru));
  if (template?.length === 0) fault('template', 'must say what is signed', 'укажите, что подписывается');
  if (prefix !== null && holdsBody(prefix)) fault('prefix', 'cannot hold the body', 'тело здесь не бывает');
  if (template !== null && holds(template, 'nonce') && typeof auth.nonce_header !== 'string') {
    fault('nonce_header', 'must be named where the template has {nonce}', 'обязательно, если в шаблоне есть {nonce}');
  }
  return faults;
}

const longestTemplate = 1_000;

function readTemplate(value: unknown, onFault: (found: Required<Words>) => void = () => {}): Template | null {
  if (typeof value !== 'string' || value.length > longestTemplate || /[^\n\x20-\x7e]/.test(value)) {
    onFault(
      words(
        `must be printable ASCII text of at most ${longestTemplate} characters`,
        `ожидается печатный текст ASCII не длиннее ${longestTemplate} знаков`,
      ),
    );
    return null;
  }
  try {
    return parseTemplate(value);
  } catch (error) {
    if (!(error instanceof TemplateFault)) throw error;
    onFault(error.words);
    return null;
  }
}
