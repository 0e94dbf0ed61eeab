/** Google's refusals in the words that their caller alone would have had: what was made here of a question is not shown. */
import { type ServiceError, withMessage } from '../errors.ts';
import { type A1Range, printA1 } from './a1.ts';

/** `Invalid data[3]: …` names a place in a batch that was put together here. */
export function withoutPlace(refusal: ServiceError): ServiceError {
  return reworded(refusal, refusal.publicMessage.replace(/^Invalid data\[\d+\]: /, ''));
}

/** The range that was `asked` for, where the refusal names the one that was `sent`. */
export function namingAsked(refusal: ServiceError, sent: A1Range, asked: A1Range): ServiceError {
  return reworded(
    refusal,
    refusal.publicMessage.replace(printA1(sent), () => printA1(asked)),
  );
}

function reworded(refusal: ServiceError, message: string): ServiceError {
  return message === refusal.publicMessage ? refusal : withMessage(refusal, message);
}
