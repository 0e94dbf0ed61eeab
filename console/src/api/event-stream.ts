/** Reads Server-Sent Events with `fetch`, because an EventSource cannot send the tenant's header. */
import type { Api } from './client.ts';
import { parseAnswer } from './exact-number.ts';
import type { BusEvent } from './types.ts';

export interface StreamListener {
  onOpen(): void;
  onEvent(event: BusEvent): void;
  /** The service dropped events because this reader was slow. */
  onDropped(count: number): void;
}

/** Reads until `signal` aborts or the stream ends. Throws `ApiError` if it is refused. */
export async function readEvents(
  api: Api,
  types: readonly string[],
  listener: StreamListener,
  signal: AbortSignal,
): Promise<void> {
  const search = types.length === 0 ? '' : `?type=${encodeURIComponent(types.join(','))}`;
  const reply = await fetch(`/api/v1/events/stream${search}`, {
    headers: { 'x-management-company-id': api.session.tenant ?? '', 'x-service-name': 'console' },
    cache: 'no-store',
    credentials: 'same-origin',
    signal,
  });
  if (!reply.ok || reply.body === null) throw api.problem(reply, await reply.json().catch(() => ({})));
  listener.onOpen();
  const reader = reply.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    text += value;
    const blocks = text.split('\n\n');
    text = blocks.pop() ?? '';
    for (const block of blocks) readBlock(block, listener);
  }
}

function readBlock(block: string, listener: StreamListener): void {
  const lines = block.split('\n');
  const data = lines
    .filter((line) => line.startsWith('data:'))
    .map((line) => line.slice('data:'.length).trimStart())
    .join('\n');
  if (data === '') return;
  const parsed = parseAnswer(data);
  if (lines.includes('event: dropped')) listener.onDropped(Number((parsed as { count?: number }).count ?? 0));
  else listener.onEvent(parsed as BusEvent);
}
