/** `GET /webhooks/sources`: all known kinds of senders, for forms and for people. */
import { describeFactSource, webhookSources } from '../sources/sources.ts';

export function presentSources() {
  return Object.entries(webhookSources).map(([name, source]) => ({
    source_service: name,
    title: source.title,
    documentation_url: source.documentationUrl,
    set_up: source.setUp,
    set_up_ru: source.setUpRu,
    signature_scheme: source.signatureScheme,
    signature_header: source.signatureHeader,
    signed_template: source.signedTemplate,
    timestamp_header: source.timestampHeader,
    tolerance_seconds: source.toleranceSeconds,
    secret_from: source.secretFrom,
    has_verify_token: source.hasVerifyToken,
    event_type_from: source.eventTypeFrom.map(describeFactSource),
    delivery_id_from: source.deliveryIdFrom.map(describeFactSource),
    duplicate_by: source.duplicateBy,
    max_payload_size_bytes: source.maxPayloadSizeBytes,
    over_limit_policy: source.overLimitPolicy,
    published_ranges: source.publishedRanges,
    handshake: source.handshake?.description ?? null,
    retries: { timeout_seconds: source.retries.timeoutSeconds, description: source.retries.description },
    sample: { content_type: source.sample.contentType, headers: source.sample.headers, body: source.sample.body },
  }));
}
