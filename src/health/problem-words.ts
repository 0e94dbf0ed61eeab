/** The sentences of `GET /problems` in English and Russian, and the conditions for each. */
import type { ExternalService, HealthStatus } from '../directory/service.ts';
import { reconnectMessage } from '../providers/provider.ts';
import type { BudgetUse } from '../storage/tables/budgets.ts';
import type { TargetTrouble } from '../storage/tables/problem-counts.ts';
import type { failoverWords } from './failover-words.ts';
import type { Problem, ServicePauseSeen } from './problem.ts';
import { clockTime } from './span-words.ts';

/** From this share on, a budget is listed as a problem. */
const budgetWarningShare = 0.8;
const backlogWarningSeconds = 60;
const maxErrorChars = 200;
/** A few stalls may come from large bodies; more are a pattern. */
const toleratedStalls = 3;

export interface PartsSeen {
  readonly isDatabaseUp: boolean;
  readonly isStoreUp: boolean;
  readonly isBusUp: boolean;
  readonly backlogCount: number;
  readonly oldestAgeSeconds: number;
  readonly spoolBytes: number;
  /** Of the last five minutes. */
  readonly stalls: { readonly count: number; readonly longestMs: number };
  /** Providers whose answers are emulated although this is not a trial set-up. */
  readonly emulated: readonly string[];
}

export const databaseAway: Problem = {
  kind: 'database_away',
  severity: 'critical',
  since: null,
  message: 'The database is unreachable. Records of calls are kept on disk and stored when it is back.',
  message_ru: 'База данных недоступна. Записи о вызовах хранятся на диске и будут сохранены, когда она вернётся.',
  link: '/console',
};

/** Problems of the program's own parts. */
export function problemsOfParts(parts: PartsSeen): readonly Problem[] {
  const problems: Problem[] = [];
  const add = (kind: string, severity: Problem['severity'], message: string, message_ru: string, count?: number) =>
    problems.push({
      kind,
      severity,
      since: null,
      message,
      message_ru,
      link: '/console',
      ...(count === undefined ? {} : { count }),
    });
  if (!parts.isDatabaseUp) problems.push(databaseAway);
  if (!parts.isStoreUp) {
    add(
      'redis_away',
      'critical',
      'Redis is unreachable. Each replica limits and caches by itself.',
      'Redis недоступен. Каждая реплика ведёт лимиты и кэш сама.',
    );
  }
  if (!parts.isBusUp) {
    add(
      'event_bus_away',
      'critical',
      'RabbitMQ is unreachable. Events wait in the outbox.',
      'RabbitMQ недоступен. События ждут отправки.',
    );
  }
  if (parts.backlogCount > 0 && parts.oldestAgeSeconds > backlogWarningSeconds) {
    const seconds = Math.round(parts.oldestAgeSeconds);
    add(
      'outbox_backlog',
      'warning',
      `${parts.backlogCount} events wait to be published, the oldest for ${seconds} s.`,
      `Событий ждут публикации: ${parts.backlogCount}, самое старое — ${seconds} с.`,
      parts.backlogCount,
    );
  }
  if (parts.spoolBytes > 0) {
    const kib = Math.ceil(parts.spoolBytes / 1024);
    add(
      'spool_in_use',
      'warning',
      `Up to ${kib} KiB of webhooks and call records wait on this replica's disk until the database takes them.`,
      `На диске этой реплики ждут записи в базу вебхуки и записи о вызовах: до ${kib} КиБ.`,
    );
  }
  if (parts.stalls.count > toleratedStalls) {
    const { count, longestMs } = parts.stalls;
    add(
      'event_loop_stalls',
      'warning',
      `The event loop of this replica was blocked ${count} times in five minutes, for up to ${Math.round(longestMs)} ms.`,
      `Эта реплика замирала за пять минут ${count} раз, самое долгое — на ${Math.round(longestMs)} мс.`,
      count,
    );
  }
  if (parts.emulated.length > 0) {
    const names = parts.emulated.join(', ');
    add(
      'answers_emulated',
      'warning',
      `Answers of ${names} are invented by the emulator (EMULATOR).`,
      `Ответы ${names} выдумывает эмулятор (EMULATOR).`,
      parts.emulated.length,
    );
  }
  return problems;
}

/** The problem of a service; null if it works. */
export function problemOfService(
  service: ExternalService,
  health: { readonly status: HealthStatus; readonly lastError: string | null },
  pause: ServicePauseSeen | null,
  since: Date | null,
  failovers: ReturnType<typeof failoverWords> = null,
): Problem | null {
  const name = service.displayName || service.serviceName;
  const from = since === null ? '' : ` since ${clockTime(since.getTime())} UTC`;
  const fromRu = since === null ? '' : ` с ${clockTime(since.getTime())} UTC`;
  const [toOthers, toOthersRu] = failovers === null ? ['', ''] : [` (${failovers.en})`, ` (${failovers.ru})`];
  const count = failovers === null ? {} : { count: failovers.count };
  const base = {
    since: since?.toISOString() ?? null,
    link: `/console/services/${encodeURIComponent(service.id)}`,
    service: service.serviceName,
  };
  const until = pause === null ? '' : clockTime(pause.untilMs);
  const error = health.lastError === null ? '' : `: ${health.lastError.slice(0, maxErrorChars)}`;
  if (health.lastError === reconnectMessage) {
    return {
      ...base,
      kind: 'reconnect_required',
      severity: 'critical',
      message: `${name} must be connected again: its OAuth2 grant has ended; set a new credentials.refresh_token`,
      message_ru: `${name} нужно подключить заново: доступ OAuth2 отозван; задайте новый credentials.refresh_token`,
    };
  }
  if (pause?.because === 'credentials_refused') {
    return {
      ...base,
      kind: 'key_refused',
      severity: 'critical',
      ...count,
      message: `${name} ${since === null ? 'refuses' : 'has refused'} the key${from}${toOthers}; it is not asked until ${until} UTC${error}`,
      message_ru: `${name} не принимает ключ${fromRu}${toOthersRu}; запросов не будет до ${until} UTC${error}`,
    };
  }
  if (health.status === 'down') {
    return {
      ...base,
      kind: 'provider_down',
      severity: 'critical',
      ...count,
      message: `${name} ${since === null ? 'is' : 'has been'} down${from}${toOthers}${error}`,
      message_ru: `${name} не работает${fromRu}${toOthersRu}${error}`,
    };
  }
  if (pause !== null) {
    const isAsked = pause.because === 'retry_after';
    return {
      ...base,
      kind: 'provider_paused',
      severity: 'warning',
      message: `${name} is not asked until ${until} UTC, ${isAsked ? 'as it requested' : 'after failures'}${error}`,
      message_ru: `Запросов к ${name} не будет до ${until} UTC: ${isAsked ? 'так просит провайдер' : 'были сбои'}${error}`,
    };
  }
  if (health.status !== 'degraded') return null;
  return {
    ...base,
    kind: 'provider_degraded',
    severity: 'warning',
    message: `${name} fails intermittently${error}`,
    message_ru: `${name} работает со сбоями${error}`,
  };
}

/** The problem of a webhook's target. */
export function problemOfTarget({ kind, webhook_id, webhook_name, url, count, since }: TargetTrouble): Problem {
  const base = {
    since: since.toISOString(),
    link: `/console/webhooks/${encodeURIComponent(webhook_id)}`,
    service: webhook_name,
  };
  const target = withoutSecrets(url);
  switch (kind) {
    case 'dead':
      return {
        ...base,
        kind: 'deliveries_dead',
        severity: 'critical',
        count,
        message: count === 1 ? `1 delivery to ${target} is dead` : `${count} deliveries to ${target} are dead`,
        message_ru: `Не доставлено в ${target}: ${count}`,
      };
    case 'waiting':
      return {
        ...base,
        kind: 'deliveries_waiting',
        severity: 'warning',
        count,
        message:
          count === 1
            ? `1 delivery to ${target} failed and will be tried again`
            : `${count} deliveries to ${target} failed and will be tried again`,
        message_ru: `Доставка в ${target} не удалась и будет повторена: ${count}`,
      };
    case 'off':
      return {
        ...base,
        kind: 'target_off',
        severity: 'critical',
        message: `Deliveries to ${target} are switched off after too many failures`,
        message_ru: `Доставка в ${target} отключена: слишком много сбоев`,
      };
  }
}

/** The problem of a budget; null below its warning share. */
export function problemOfBudget({ service_name, monthly_limit_usd, action, spent_usd }: BudgetUse): Problem | null {
  if (monthly_limit_usd <= 0 && spent_usd <= 0 && action !== 'block') return null;
  if (spent_usd < monthly_limit_usd * budgetWarningShare) return null;
  const isSpent = spent_usd >= monthly_limit_usd;
  const [name, nameRu] = service_name === '*' ? ['all services', 'всех сервисов'] : [service_name, service_name];
  const sums = `$${spent_usd.toFixed(2)} / $${monthly_limit_usd.toFixed(2)}`;
  const blocks = isSpent && action === 'block';
  return {
    kind: isSpent ? 'budget_spent' : 'budget_nearly_spent',
    severity: blocks ? 'critical' : 'warning',
    since: null,
    message: `The month's budget of ${name} is ${isSpent ? 'spent' : 'nearly spent'} (${sums})${blocks ? ': further paid calls are refused' : ''}`,
    message_ru: `Бюджет месяца для ${nameRu} ${isSpent ? 'исчерпан' : 'почти исчерпан'} (${sums})${blocks ? ': платные вызовы отклоняются' : ''}`,
    link: '/console/costs',
    service: service_name,
  };
}

/** A target's address without user, query and fragment, which may contain tokens. */
function withoutSecrets(url: string): string {
  const parsed = URL.parse(url);
  return parsed === null ? 'the target' : `${parsed.origin}${parsed.pathname}`;
}
