import type { Messages } from '../../i18n/messages.ts';

export const limitsMessages = {
  why: ['Why was this refused?', 'Почему отказано?'],
  requestId: ['Request id', 'Идентификатор запроса'],
  explain: ['Explain', 'Объяснить'],
  full: [
    '{name}: {most} in the window “{window}” was full at {time}.',
    '{name}: окно «{window}» на {most} было заполнено в {time}.',
  ],
  share: [
    '{name}: the share of one replica, {share} of {most} in the window “{window}”, was spent at {time}, because Redis did not answer.',
    '{name}: доля одной реплики, {share} из {most} в окне «{window}», была исчерпана в {time}: Redis не отвечал.',
  ],
  shareReturning: [
    '{name}: the share of one replica, {share} of {most} in the window “{window}”, was spent at {time}, because Redis had just come back.',
    '{name}: доля одной реплики, {share} из {most} в окне «{window}», была исчерпана в {time}: Redis только что вернулся.',
  ],
  pause: ['{name}: its provider asked for a pause at {time}.', '{name}: провайдер попросил паузу в {time}.'],
  budget: ['{name}: the month’s budget was spent at {time}.', '{name}: бюджет месяца был исчерпан в {time}.'],
  freeAt: ['Free again at {time}.', 'Освободится в {time}.'],
  spentBy: ['Who spent it', 'Кто потратил'],
  source: ['Asked by', 'Кто спрашивал'],
  operation: ['Operation', 'Операция'],
  requests: ['Requests', 'Запросы'],
  notFound: ['No limit refused a request with this id.', 'Отказа по лимиту с таким идентификатором нет.'],
  families: ['Limits of the tenant', 'Лимиты арендатора'],
  services: ['Limits of the services', 'Лимиты сервисов'],
  none: ['No limit.', 'Лимитов нет.'],
  preview: ['What would another limit refuse?', 'Что отсёк бы другой лимит?'],
  previewHint: [
    'Tested on the recorded traffic; nothing changes.',
    'Проверяется на записанном трафике; ничего не меняется.',
  ],
  service: ['Service', 'Сервис'],
  perMinute: ['Per minute', 'В минуту'],
  perHour: ['Per hour', 'В час'],
  perDay: ['Per day', 'В сутки'],
  hours: ['Over the last hours', 'За последние часы'],
  try: ['Try', 'Проверить'],
  wouldRefuse: [
    { one: '{refused} of {count} call would be refused.', other: '{refused} of {count} calls would be refused.' },
    {
      one: 'Было бы отказано {refused} из {count} вызова.',
      few: 'Было бы отказано {refused} из {count} вызовов.',
      many: 'Было бы отказано {refused} из {count} вызовов.',
      other: 'Было бы отказано {refused} из {count} вызова.',
    },
  ],
  refusedOf: ['Would be refused', 'Было бы отказано'],
  unknownSource: ['unnamed', 'без имени'],
} as const satisfies Messages;
