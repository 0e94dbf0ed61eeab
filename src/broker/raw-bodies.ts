/**
 * Keeps message bodies as the published bytes. rabbitmq-client parses a body whose content type is JSON, without an
 * option to turn that off, and numbers that a double cannot hold then change. It does not parse a body with a content
 * encoding, so each header frame gets one. The method used here is undocumented: if it is not found, bodies are parsed
 * as usual.
 */
import type { Channel, Connection } from 'rabbitmq-client';

interface HeaderFrame {
  readonly fields: { contentEncoding?: string | undefined };
}

interface HeaderReader {
  _onHeader?: (frame: HeaderFrame) => void;
}

/** Applies to every channel acquired from now on. */
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
