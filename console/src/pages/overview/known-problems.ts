/** What is wrong, read from the states themselves: for a service that does not list its problems. */
import { type Api, ApiError } from '../../api/client.ts';
import type { Budget, Limits, Problem, ServiceList } from '../../api/types.ts';
import { hrefOf } from '../../app/location.tsx';
import { createFormats } from '../../i18n/formats.ts';
import { type Language, renderMessage, type Values } from '../../i18n/messages.ts';
import { overviewMessages } from './messages.ts';

type Word = 'serviceDown' | 'serviceDegraded' | 'serviceOff' | 'deadDeliveries' | 'overBudget' | 'limitFull';

/** `GET /problems`; where there is none, the states of services, targets, budgets and limits, as far as the user may read them. */
export async function readProblems(api: Api, signal: AbortSignal): Promise<readonly Problem[]> {
  try {
    const answer = await api.get<readonly Problem[] | { readonly problems: readonly Problem[] }>(
      '/problems',
      {},
      signal,
    );
    return 'problems' in answer ? answer.problems : answer;
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return readStates(api, signal);
    throw error;
  }
}

async function readStates(api: Api, signal: AbortSignal): Promise<readonly Problem[]> {
  const allowed = <T>(asked: Promise<T>): Promise<T | null> => asked.catch(ifForbidden);
  const [limits, services, webhooks, budgets] = await Promise.all([
    api.get<Limits>('/rate-limits', {}, signal),
    allowed(api.get<ServiceList>('/services', { limit: 500 }, signal)),
    allowed(api.get<{ readonly targets: { readonly dead: number } }>('/webhooks/health', {}, signal)),
    allowed(api.get<{ readonly budgets: readonly Budget[] }>('/budgets', {}, signal)),
  ]);
  const problems: Problem[] = [];
  for (const { id, service_name: name, health_status: health, is_active: isActive } of services?.services ?? []) {
    const link = hrefOf(`/services/${id}`);
    if (!isActive) problems.push(problemOf('serviceOff', 'warning', link, { name }));
    else if (health === 'down') problems.push(problemOf('serviceDown', 'critical', link, { name }));
    else if (health === 'degraded') problems.push(problemOf('serviceDegraded', 'warning', link, { name }));
  }
  const dead = webhooks?.targets.dead ?? 0;
  if (dead > 0) {
    problems.push(
      problemOf('deadDeliveries', 'critical', hrefOf('/webhooks/deliveries', { delivery_status: 'dead' }), {
        count: dead,
      }),
    );
  }
  const { usd } = createFormats('en');
  for (const { service_name: name, spent_usd: spent, monthly_limit_usd: most } of budgets?.budgets ?? []) {
    if (spent >= most)
      problems.push(problemOf('overBudget', 'warning', hrefOf('/costs'), { name, spent: usd(spent), most: usd(most) }));
  }
  const full = [
    ...limits.families.map(({ family, windows }) => ({ name: family, windows })),
    ...limits.services.map(({ service_name, windows }) => ({ name: service_name, windows })),
  ].filter(({ windows }) => windows.some((window) => window.is_rate_limited));
  for (const { name } of full) problems.push(problemOf('limitFull', 'warning', hrefOf('/limits'), { name }));
  return problems;
}

function ifForbidden(error: unknown): null {
  if (error instanceof ApiError && error.status === 403) return null;
  throw error;
}

function problemOf(word: Word, severity: string, link: string, values: Values): Problem {
  const say = (language: Language): string => renderMessage(overviewMessages[word], language, values);
  return { kind: word, severity, since: null, message: say('en'), message_ru: say('ru'), link };
}
