/** Lists of the configuration, all pages of them: a page or a field that shows the first page alone would hide the rest. */
import type { Api } from './client.ts';
import type { ServiceList, Token, Webhook } from './types.ts';

const pageSize = 1_000;
const mostPages = 50;

export async function everyService(
  api: Api,
  signal: AbortSignal,
  filter: { readonly service_type?: string } = {},
): Promise<ServiceList> {
  const services: ServiceList['services'][number][] = [];
  for (let page = 1; ; page += 1) {
    const asked = { ...filter, limit: pageSize, offset: services.length === 0 ? null : services.length };
    const answer = await api.get<ServiceList>('/services', asked, signal);
    services.push(...answer.services);
    if (answer.services.length < pageSize || page === mostPages) return { ...answer, services };
  }
}

export async function everyWebhook(api: Api, signal: AbortSignal): Promise<{ readonly webhooks: readonly Webhook[] }> {
  return { webhooks: await everyPage<Webhook, 'webhooks'>(api, '/webhooks', 'webhooks', signal) };
}

export async function everyToken(api: Api, signal: AbortSignal): Promise<{ readonly tokens: readonly Token[] }> {
  return { tokens: await everyPage<Token, 'tokens'>(api, '/tokens', 'tokens', signal) };
}

async function everyPage<Item, Name extends string>(
  api: Api,
  path: string,
  name: Name,
  signal: AbortSignal,
): Promise<readonly Item[]> {
  type Page = Readonly<Record<Name, readonly Item[]>> & { readonly next_cursor?: string | null };
  const items: Item[] = [];
  let cursor: string | null = null;
  for (let page = 1; ; page += 1) {
    const answer: Page = await api.get<Page>(path, { limit: pageSize, cursor }, signal);
    items.push(...answer[name]);
    cursor = answer.next_cursor ?? null;
    if (cursor === null || page === mostPages) return items;
  }
}
