/**
 * AWS Signature Version 4 in the `Authorization` header.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * What AWS reads in more than one way (`+`, brackets, characters that need no encoding) is written in one way before it is
 * signed, and is sent so.
 */
import { createHash } from 'node:crypto';
import aws4 from 'aws4';
import type { InputFault } from '../../../errors.ts';
import { isObject, textIn } from '../../reading.ts';
import { withoutParameter } from '../target-url.ts';
import type { SignableRequest, Signed } from './signed-request.ts';

export interface AwsSigV4 {
  readonly in: 'aws_sigv4';
  /** `eu-central-1`. */
  readonly region: string;
  /** The name that AWS signs with: `s3`, `execute-api`, `sqs`. */
  readonly service: string;
}

export interface AwsKeys {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  /** Of temporary credentials. */
  readonly sessionToken: string | null;
}

const namePattern = /^[A-Za-z0-9-]{1,64}$/;

export function faultsOfAwsSigV4(auth: Readonly<Record<string, unknown>>, path: string): readonly InputFault[] {
  return ['region', 'service'].flatMap((member) => {
    const value = auth[member];
    if (typeof value === 'string' && namePattern.test(value)) return [];
    return [{ path: `${path}.${member}`, message: `must be a ${member} of AWS, as in its addresses` }];
  });
}

/** null where the credentials lack one. */
export function awsKeysOf(credentials: unknown): AwsKeys | null {
  if (!isObject(credentials)) return null;
  const accessKeyId = textIn(credentials, 'access_key_id');
  const secretAccessKey = textIn(credentials, 'secret_access_key');
  if (accessKeyId === null || secretAccessKey === null) return null;
  return { accessKeyId, secretAccessKey, sessionToken: textIn(credentials, 'session_token') };
}

/** Amazon S3 alone takes a body that the signature does not cover. */
export function signsBody({ service }: AwsSigV4): boolean {
  return service !== 's3';
}

const unsignedPayload = 'UNSIGNED-PAYLOAD';
/** A caller's own presigned query would be a second signature. */
const queryOfPresigned = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature', 'Security-Token'];
/** What the caller has under these names is not the account's. */
const ownHeaders: ReadonlySet<string> = new Set(['authorization', 'x-amz-date', 'x-amz-security-token']);

export function signForAws(
  request: SignableRequest,
  { region, service }: AwsSigV4,
  { accessKeyId, secretAccessKey, sessionToken }: AwsKeys,
  nowMs: number,
): Signed {
  const url = new URL(request.url);
  const path = service === 's3' ? pathOfObject(url.pathname) : encodedPath(url.pathname);
  const query = encodedQuery(url.search.slice(1));
  const headers: Record<string, string> = {
    ...Object.fromEntries(Object.entries(request.headers).filter(([name]) => !ownHeaders.has(name))),
    'x-amz-date': new Date(nowMs).toISOString().replaceAll(/[:-]|\.\d{3}/g, ''),
    ...(sessionToken === null ? {} : { 'x-amz-security-token': sessionToken }),
    ...(service === 's3' ? hashOfPayload(request) : {}),
  };
  const signer = new aws4.RequestSigner(
    {
      service,
      region,
      method: request.method,
      path: query === '' ? path : `${path}?${query}`,
      headers: { host: url.host, ...Object.fromEntries(Object.entries(headers).filter(([name]) => isSigned(name))) },
      // Buffers only: a stream is sent to S3, and is not covered.
      ...(Buffer.isBuffer(request.body) ? { body: request.body } : {}),
      // It would add headers of its own.
      doNotModifyHeaders: true,
    },
    { accessKeyId, secretAccessKey },
  );
  signer.datetime = headers['x-amz-date'] as string;
  const authorization = signer.authHeader();
  return {
    url: `${url.origin}${path}${query === '' ? '' : `?${query}`}`,
    headers: { ...headers, authorization },
    secrets: [
      authorization.slice(authorization.lastIndexOf('=') + 1),
      ...(sessionToken === null ? [] : [sessionToken]),
    ],
    parameters: [],
  };
}

/** Those that say what the request means; others may be changed on the way, and would break the signature. */
function isSigned(name: string): boolean {
  return name.startsWith('x-amz-') || name === 'content-type' || name === 'content-md5' || name === 'date';
}

/** S3 wants it said. What the caller says of its body stands: AWS holds the body to it. */
function hashOfPayload({ headers, body }: SignableRequest): Record<string, string> {
  if (headers['x-amz-content-sha256'] !== undefined) return {};
  const isStream = body !== null && !Buffer.isBuffer(body);
  return { 'x-amz-content-sha256': isStream ? unsignedPayload : sha256(body ?? '') };
}

function sha256(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The key of an object, in the one encoding that S3 signs: a plus sign is one, and no space. */
function pathOfObject(pathname: string): string {
  return pathname
    .split('/')
    .map((segment) => encoded(decoded(segment)))
    .join('/');
}

/** As it was written, but for what the standard leaves open (RFC 3986, 3.3). */
function encodedPath(pathname: string): string {
  return pathname.replaceAll(/[^A-Za-z0-9._~!$&'()*+,;=:@/%-]/g, encoded);
}

function encodedQuery(query: string): string {
  const own = queryOfPresigned.reduce((rest, name) => withoutParameter(rest, `X-Amz-${name}`), query);
  return own
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s).map((text) => encoded(decoded(text.replaceAll('+', ' '))));
      return `${name}=${value}`;
    })
    .join('&');
}

/** RFC 3986, 2.3: all but the unreserved characters. */
function encoded(text: string): string {
  const reserved = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, reserved);
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
