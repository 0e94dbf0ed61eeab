/** The meaning of the service's codes, for sentences that it has only in English. */
import type { Messages } from '../i18n/messages.ts';

/** By the `code` of an error. */
export const problemMessages = {
  INVALID_REQUEST: ['The request is not valid', 'Запрос неверен'],
  TENANT_REQUIRED: ['The tenant is missing or malformed', 'Арендатор не указан или указан неверно'],
  UNAUTHORIZED: ['A valid credential is required', 'Нужен действующий токен'],
  FORBIDDEN: ['The credential does not allow this', 'Токен этого не разрешает'],
  NOT_FOUND: ['Not found', 'Не найдено'],
  METHOD_NOT_ALLOWED: ['The method is not allowed here', 'Этот метод здесь не разрешён'],
  CONFLICT: ['The request conflicts with the present state', 'Сейчас это невозможно'],
  PAYLOAD_TOO_LARGE: ['The body is too large', 'Тело слишком велико'],
  UNSUPPORTED_MEDIA_TYPE: ['The content type is not supported', 'Такой тип содержимого не поддерживается'],
  IDEMPOTENCY_KEY_REUSED: ['The idempotency key was used before', 'Ключ идемпотентности уже использован'],
  ADDRESS_NOT_FOUND: ['The address was not found', 'Адрес не найден'],
  RATE_LIMIT_EXCEEDED: ['The rate limit is exceeded', 'Лимит исчерпан'],
  BUDGET_EXCEEDED: ['The budget is spent', 'Бюджет исчерпан'],
  INTERNAL_ERROR: ['An internal error occurred', 'Внутренняя ошибка'],
  PROVIDER_ERROR: ['The provider did not answer usably', 'Провайдер не дал пригодного ответа'],
  SERVICE_UNAVAILABLE: ['The service is not available', 'Сервис недоступен'],
  GATEWAY_TIMEOUT: ['The provider did not answer in time', 'Провайдер не ответил вовремя'],
  ROUTE_NOT_FOUND: ['There is no route', 'Маршрута нет'],
  PRECONDITION_FAILED: ['It has changed since it was read', 'Это изменилось после чтения'],
  RECONNECT_REQUIRED: ['The service must be connected again', 'Сервис нужно подключить заново'],
} as const satisfies Messages;

/** By the `error_code` of a log entry. */
export const callFaultMessages = {
  TIMEOUT: ['no answer in time', 'нет ответа вовремя'],
  UNREACHABLE: ['unreachable', 'недоступен'],
  UNUSABLE_ANSWER: ['unusable answer', 'непригодный ответ'],
  UNUSABLE: ['unusable answer', 'непригодный ответ'],
  FAILED: ['failed', 'сбой'],
  DENIED: ['access denied', 'отказ в доступе'],
  THROTTLED: ['refused by the provider’s limit', 'отказ по лимиту провайдера'],
  BAD_INPUT: ['the provider refused the input', 'провайдер отверг запрос'],
  EMPTY: ['nothing found', 'ничего не найдено'],
  ANSWERED: ['answered', 'ответил'],
  PASSED_OVER: ['skipped', 'не опрошен'],
  UNKNOWN_OUTCOME: ['it is not known whether it was carried out', 'неизвестно, выполнено ли'],
  FAMILY_REFUSED: ['refused by the tenant’s limit', 'отказ по лимиту арендатора'],
  CANCELLED: ['cancelled', 'отменён'],
  CUT: ['cut off', 'оборван'],
  RATE_LIMIT_EXCEEDED: ['refused by a limit', 'отказ по лимиту'],
  BUDGET_EXCEEDED: ['refused by a budget', 'отказ по бюджету'],
  CREDENTIALS_UNREADABLE: ['its credentials cannot be decrypted', 'учётные данные не расшифровать'],
} as const satisfies Messages;

export const quoteMessages = {
  quoted: ['“{text}”', '«{text}»'],
  explained: ['{meaning}: “{text}”', '{meaning}: «{text}»'],
} as const satisfies Messages;
