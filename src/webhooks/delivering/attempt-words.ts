/** The sentences that say why an attempt to deliver failed. They are stored in English and shown in Russian too. */
import { type TransportError, transportMessageRu } from '../../outbound/exchange.ts';

const answered = /^the target answered (\d{3})$/;
const blocked = 'the outbound policy does not let this address be called';
export const unprepared = 'the delivery could not be prepared on our side';

export function answeredWith(status: number): string {
  return `the target answered ${status}`;
}

export function messageOfTransport(error: TransportError): string {
  return error.fault === 'blocked' ? blocked : error.message;
}

/** null: the sentence is not one of ours, or of an older version. */
export function attemptMessageRu(message: string): string | null {
  const status = answered.exec(message)?.[1];
  if (status !== undefined) return `получатель ответил ${status}`;
  if (message === blocked) return 'правила исходящих запросов не разрешают вызывать этот адрес';
  if (message === unprepared) return 'доставку не удалось подготовить на нашей стороне';
  return transportMessageRu(message);
}
