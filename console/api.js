/** The service's API as this page's user. */

/** The service's own words for why it did not answer. */
export class ApiError extends Error {
  /**
   * @param {number} status
   * @param {string} code
   * @param {string} message
   */
  constructor(status, code, message) {
    super(message);
    this.status = status;
    this.code = code;
  }
}

const replyDeadlineMs = 15_000;

/** @param {{ tenant: string, token: string }} access */
export function createApi({ tenant, token }) {
  const headers = { authorization: `Bearer ${token}`, 'x-management-company-id': tenant, 'x-service-name': 'console' };

  /**
   * @param {string} path
   * @param {{ method?: string, signal?: AbortSignal }} [options]
   */
  async function ask(path, { method = 'GET', signal } = {}) {
    const deadline = AbortSignal.timeout(replyDeadlineMs);
    const reply = await fetch(path, {
      method,
      headers,
      cache: 'no-store',
      signal: signal ? AbortSignal.any([signal, deadline]) : deadline,
    }).catch(() => {
      // A browser's own words for it are of its inside, and differ.
      throw new ApiError(0, '', 'The service does not answer.');
    });
    const body = await reply.json().catch(() => ({}));
    if (!reply.ok) throw new ApiError(reply.status, body.code ?? '', body.detail ?? `status ${reply.status}`);
    return body;
  }

  return {
    ask,
    /**
     * Server-Sent Events by hand: an EventSource cannot carry a credential.
     *
     * @param {(event: Record<string, unknown>) => void} onEvent
     * @param {() => void} onOpen
     * @param {AbortSignal} signal
     */
    async followEvents(onEvent, onOpen, signal) {
      const reply = await fetch('/api/v1/events/stream', { headers, cache: 'no-store', signal });
      if (!reply.ok || reply.body === null) {
        const body = await reply.json().catch(() => ({}));
        throw new ApiError(reply.status, body.code ?? '', body.detail ?? `status ${reply.status}`);
      }
      onOpen();
      let text = '';
      for await (const piece of reply.body.pipeThrough(new TextDecoderStream())) {
        text += piece;
        const blocks = text.split('\n\n');
        text = blocks.pop() ?? '';
        for (const block of blocks) {
          const data = block
            .split('\n')
            .filter((line) => line.startsWith('data:'))
            .map((line) => line.slice('data:'.length).trimStart())
            .join('\n');
          if (data !== '') onEvent(JSON.parse(data));
        }
      }
    },
  };
}
