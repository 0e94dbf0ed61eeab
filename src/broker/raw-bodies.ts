/**
 * Keeps message bodies as the published bytes. rabbitmq-client always parses a body whose content type is JSON, which
 * changes numbers that a double cannot represent. It does not parse a body with a content encoding, so each header
 * frame gets one. The patched method is undocumented; without it, bodies are parsed as usual.
 */
import type { Channel, Connection } from 'rabbitmq-client';

interface HeaderFrame {
  readonly fields: { contentEncoding?: string | undefined };
}

interface HeaderReader {
  _onHeader?: (frame: HeaderFrame) => void;
}

/** Applies to all channels that are acquired afterwards. */
export function keepBodiesRaw(connection: Connection): void {
  const acquire = connection.acquire.bind(connection);
  connection.acquire = async (options) => withRawBodies(await acquire(options));
}

function withRawBodies(channel: Channel): Channel {
  const reader = channel as unknown as HeaderReader;
  const read = reader._onHeader?.bind(channel);
  if (read !== undefined) {
    reader._onHeader = (frame) => {
      frame.fields.contentEncoding ??= 'utf-8';
      read(frame);
    };
  }
  return channel;
}
