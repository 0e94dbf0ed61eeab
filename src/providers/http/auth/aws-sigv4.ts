/**
 * AWS Signature Version 4 in the `Authorization` header.
 * https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 *
 * Characters that AWS may read in more than one way (`+`, brackets, needless encodings) are normalised before signing,
 * and are sent in that form.
 */
import { createHash } from 'node:crypto';
import aws4 from 'aws4';
import { formDecoded, percentDecoded } from '../../../encodings/tolerant.ts';
import { type InputFault, words } from '../../../errors.ts';
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
  /** Set for temporary credentials. */
  readonly sessionToken: string | null;
}

const namePattern = /^[A-Za-z0-9-]{1,64}$/;

export function faultsOfAwsSigV4(auth: Readonly<Record<string, unknown>>, path: string): readonly InputFault[] {
  return ['region', 'service'].flatMap((member) => {
    const value = auth[member];
    if (typeof value === 'string' && namePattern.test(value)) return [];
    return [
      {
        path: `${path}.${member}`,
        ...words(`must be a ${member} of AWS, as in its addresses`, `ожидается ${member} AWS, как в его адресах`),
      },
    ];
  });
}

/** null if the credentials lack a member. */
export function awsKeysOf(credentials: unknown): AwsKeys | null {
  if (!isObject(credentials)) return null;
  const accessKeyId = textIn(credentials, 'access_key_id');
  const secretAccessKey = textIn(credentials, 'secret_access_key');
  if (accessKeyId === null || secretAccessKey === null) return null;
  return { accessKeyId, secretAccessKey, sessionToken: textIn(credentials, 'session_token') };
}

/** Only Amazon S3 accepts a body that the signature does not cover. */
export function signsBody({ service }: AwsSigV4): boolean {
  return service !== 's3';
}

const unsignedPayload = 'UNSIGNED-PAYLOAD';
/** A presigned query of the caller's own would be a second signature. */
const queryOfPresigned = ['Algorithm', 'Credential', 'Date', 'Expires', 'SignedHeaders', 'Signature', 'Security-Token'];
/** Callers' headers with these names are dropped: they are not the account's. */
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
      // Buffers only: a streamed body goes to S3 unsigned.
      ...(Buffer.isBuffer(request.body) ? { body: request.body } : {}),
      // Otherwise the library would add its own headers.
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

/** The headers to sign: those that define the request. Others may change on the way and would break the signature. */
function isSigned(name: string): boolean {
  return name.startsWith('x-amz-') || name === 'content-type' || name === 'content-md5' || name === 'date';
}

/** S3 requires this header. A hash given by the caller stays: AWS checks the body against it. */
function hashOfPayload({ headers, body }: SignableRequest): Record<string, string> {
  if (headers['x-amz-content-sha256'] !== undefined) return {};
  const isStream = body !== null && !Buffer.isBuffer(body);
  return { 'x-amz-content-sha256': isStream ? unsignedPayload : sha256(body ?? '') };
}

function sha256(body: Buffer | string): string {
  return createHash('sha256').update(body).digest('hex');
}

/** The key of an object, in the only encoding that S3 signs: a plus sign is a plus sign, not a space. */
function pathOfObject(pathname: string): string {
  return pathname
    .split('/')
    .map((segment) => encoded(percentDecoded(segment)))
    .join('/');
}

/** As written, except that characters whose encoding is optional are normalised (RFC 3986, 3.3). */
function encodedPath(pathname: string): string {
  return pathname.replaceAll(/[^A-Za-z0-9._~!$&'()*+,;=:@/%-]/g, encoded);
}

function encodedQuery(query: string): string {
  const own = queryOfPresigned.reduce((rest, name) => withoutParameter(rest, `X-Amz-${name}`), query);
  return own
    .split('&')
    .filter((pair) => pair !== '')
    .map((pair) => {
      const [name = '', value = ''] = pair.split(/=(.*)/s).map((text) => encoded(formDecoded(text)));
      return `${name}=${value}`;
    })
    .join('&');
}

/** RFC 3986, 2.3: encodes all but the unreserved characters. */
function encoded(text: string): string {
  const reserved = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
  return encodeURIComponent(text).replaceAll(/[!'()*]/g, reserved);
}
