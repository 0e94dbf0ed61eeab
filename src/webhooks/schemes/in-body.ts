/** Schemes whose signature, or its time, is inside the body. */
import { formField, isForm, readBody } from '../receiving/read-body.ts';
import {
  decodeHexDigest,
  equalsSecretly,
  hmacSha256,
  inHeader,
  inTime,
  isTimely,
  matchSecrets,
  matchSignatures,
  refused,
  type SignedDelivery,
  type VerifySignature,
} from './scheme.ts';

/** The maximum that is parsed of a body without a verified signature. */
const maxReadBytes = 4 * 1024 * 1024;

function membersOf({ body, headers }: SignedDelivery): Readonly<Record<string, unknown>> {
  if (body.length > maxReadBytes) return {};
  const { parsed } = readBody(body, headers['content-type'] ?? null, undefined, maxReadBytes);
  return typeof parsed === 'object' && parsed !== null ? (parsed as Record<string, unknown>) : {};
}

/**
 * Mailgun: HMAC-SHA256 in hexadecimal over a time and a token, all three in the body's `signature`, or in form fields
 * of those names. The event itself is not signed. Source: Mailgun Docs, "Securing webhooks".
 */
export const verifyMailgun: VerifySignature = (delivery, secrets, settings) => {
  const { timestamp, token, signature } = mailgunFields(delivery);
  if (typeof signature !== 'string' || typeof token !== 'string' || timestamp === undefined) {
    return refused('missing_signature');
  }
  const digest = decodeHexDigest(signature);
  if (digest === null) return refused('malformed_signature');
  const time = String(timestamp);
  const verdict = matchSignatures([digest], secrets, (secret) => hmacSha256(secret, time, token));
  return inTime(verdict, () => isTimely(time, delivery.receivedAtMs, settings.toleranceSeconds));
};

function mailgunFields(delivery: SignedDelivery): Readonly<Record<string, unknown>> {
  const { signature } = membersOf(delivery);
  if (typeof signature === 'object' && signature !== null) return signature as Record<string, unknown>;
  if (!isForm(delivery.headers['content-type'] ?? null)) return {};
  const fields = ['timestamp', 'token', 'signature'].map((name) => [
    name,
    shortField(delivery.body, name) ?? undefined,
  ]);
  return Object.fromEntries(fields);
}

const maxFieldBytes = 1_000;

/** The first field of this name, found in the bytes: a form that holds a whole mail is too large to read unverified. */
function shortField(form: Buffer, name: string): string | null {
  const isFirst = form.toString('latin1', 0, name.length + 1) === `${name}=`;
  const start = isFirst ? 0 : form.indexOf(`&${name}=`);
  return start === -1 ? null : formField(form.toString('latin1', start, start + maxFieldBytes), name);
}

/**
 * Microsoft Graph: each notification of a batch contains the `clientState` of its subscription, which is the secret.
 * Source: Microsoft Graph, "Receive change notifications through webhooks".
 */
export const verifyMicrosoftGraph: VerifySignature = (delivery, secrets) => {
  const { value } = membersOf(delivery);
  if (!Array.isArray(value) || value.length === 0) return refused('malformed_signature');
  const states = value.map((one: unknown) => (one as { readonly clientState?: unknown } | null)?.clientState);
  if (!states.every((state) => typeof state === 'string')) return refused('missing_signature');
  const distinct = [...new Set(states as string[])].slice(0, 10);
  return matchSecrets(secrets, (secret) => distinct.every((state) => equalsSecretly(state, secret)));
};

/**
 * Linear: HMAC-SHA256 in hexadecimal over the body, whose member `webhookTimestamp` is the time, in milliseconds.
 * Source: Linear Developers, "Webhooks".
 */
export const verifyLinear: VerifySignature = inHeader((header, delivery, secrets, settings) => {
  const digest = decodeHexDigest(header);
  if (digest === null) return refused('malformed_signature');
  const verdict = matchSignatures([digest], secrets, (secret) => hmacSha256(secret, delivery.body));
  return inTime(verdict, () => {
    const { webhookTimestamp } = membersOf(delivery);
    const isGiven = typeof webhookTimestamp === 'number' || typeof webhookTimestamp === 'string';
    return isGiven && isTimely(String(webhookTimestamp), delivery.receivedAtMs, settings.toleranceSeconds);
  });
});
