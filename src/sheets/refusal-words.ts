/**
 * Rewrites Google's refusals for a single caller: parts of a combined request that the caller did not write are
 * removed.
 */
import { type ServiceError, withMessage } from '../errors.ts';
import { type A1Range, printA1 } from './a1.ts';

/** `Invalid data[3]: …` names a place in a batch that this service built. */
export function withoutPlace(refusal: ServiceError): ServiceError {
  return reworded(refusal, refusal.publicMessage.replace(/^Invalid data\[\d+\]: /, ''));
}

/**
 * Names the range that the caller `asked` for, if the refusal names one derived from it. The notation was validated
 * before, so a range that Google cannot parse names something that the spreadsheet does not have.
 */
export function namingAsked(refusal: ServiceError, asked: A1Range): ServiceError {
  const { publicMessage } = refusal;
  if (publicMessage.includes('exceeds grid limits')) {
    return reworded(
      refusal,
      publicMessage.replace(/Range \(.*?\) exceeds/, () => `Range (${printA1(asked)}) exceeds`),
    );
  }
  if (!publicMessage.includes('Unable to parse range')) return refusal;
  const missing = missingIn(asked);
  return reworded(refusal, `${missing === null ? '' : `${missing} `}Unable to parse range: ${printA1(asked)}`);
}

function missingIn(asked: A1Range): string | null {
  if (asked.kind === 'name') return `The spreadsheet has no sheet and no named range "${asked.name}".`;
  return asked.title === null ? null : `The spreadsheet has no sheet "${asked.title}".`;
}

function reworded(refusal: ServiceError, message: string): ServiceError {
  return message === refusal.publicMessage ? refusal : withMessage(refusal, message);
}
