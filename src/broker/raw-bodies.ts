/**
 * Bodies as the bytes that were published.
 *
 * rabbitmq-client parses a body whose content type is JSON, with no option to leave it alone: numbers that a double cannot
 * hold come back as others. It parses none that names a content encoding, so each header frame is given one. The method is
 * not documented: where it is not found, bodies are parsed as before.
 */
import type { Channel, Connection } from 'rabbitmq-client';

interface HeaderFrame {
  readonly fields: { contentEncoding?: string | undefined };
}

interface HeaderReader {
  _onHeader?: (frame: HeaderFrame) => void;
}

/** Holds for every channel that is acquired from now on. */
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
