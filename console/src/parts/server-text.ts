/**
 * The service's sentences in the reader's language. On a Russian page a sentence that exists only in English, such as a
 * provider's own words, is quoted after the meaning of its code.
 */
import type { ApiError, FieldFault } from '../api/client.ts';
import { useLanguage } from '../i18n/language.tsx';
import { type Message, type Messages, renderMessage } from '../i18n/messages.ts';
import { callFaultMessages, problemMessages, quoteMessages } from './server-messages.ts';

export interface ServerText {
  ofError(error: ApiError): string;
  ofFault(fault: FieldFault): string;
  /** Why a call failed, by its log entry; null without a reason. */
  ofCall(errorCode: string | null, message: string | null): string | null;
  /** A sentence with its Russian form, if it has one. */
  of(message: string, messageRu?: string | null): string;
}

export function useServerText(): ServerText {
  const { language } = useLanguage();
  const quoted = (text: string): string =>
    language === 'en' ? text : renderMessage(quoteMessages.quoted, language, { text });
  const explained = (meanings: Messages, code: string, text: string): string => {
    const meaning = Object.hasOwn(meanings, code) ? (meanings[code] as Message) : null;
    if (language === 'en' || meaning === null) return quoted(text);
    return renderMessage(quoteMessages.explained, language, { meaning: renderMessage(meaning, language), text });
  };
  const of = (message: string, messageRu?: string | null): string =>
    language === 'ru' && messageRu != null ? messageRu : quoted(message);
  return {
    of,
    ofFault: ({ message, message_ru }) => of(message, message_ru),
    ofError: ({ code, message, messageRu }) =>
      messageRu === null ? explained(problemMessages, code, message) : of(message, messageRu),
    ofCall(errorCode, message) {
      if (message !== null) return explained(callFaultMessages, errorCode ?? '', message);
      if (errorCode === null || !Object.hasOwn(callFaultMessages, errorCode)) return errorCode;
      return renderMessage((callFaultMessages as Messages)[errorCode] as Message, language);
    },
  };
}
