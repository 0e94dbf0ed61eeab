/** One address asked of the running service, as patiently as its limits want. */
import { setTimeout as delay } from 'node:timers/promises';
import { CommandFailed } from '../command.ts';
import type { Answer } from './journal.ts';

export interface AskOptions {
  /** Without a trailing slash. */
  readonly url: string;
  readonly token: string;
  readonly tenant: string;
  /** Members of the request beside `address`. */
  readonly options: Readonly<Record<string, string | number>>;
  readonly interrupted: AbortSignal;
  /** Told when the service wants us to wait. */
  readonly onWait: (seconds: number, reason: string) => void;
  /** Default: a timer, cut short by `interrupted`. */
  readonly wait?: (seconds: number, interrupted: AbortSignal) => Promise<void>;
}

/** Above the service's own deadline for a call. */
const replyDeadlineMs = 60_000;
/** Times that a row may fail for reasons that pass (a restart, a provider's bad minute) before it is left for the next run. */
const maxFaults = 5;
const maxWaitSeconds = 300;
/** Each wait for a limit may be a minute; a limit that never opens is an operator's concern. */
const maxThrottles = 60;

/** null: interrupted, or failed for a reason that may pass; the row is asked again by the next run. */
export async function askService(asking: AskOptions, address: string): Promise<Answer | null> {
  let faults = 0;
  let throttles = 0;
  while (!asking.interrupted.aborted && faults < maxFaults && throttles < maxThrottles) {
    const reply = await send(asking, address);
    const code = typeof reply.body.code === 'string' ? reply.body.code : '';
    const message = typeof reply.body.detail === 'string' ? reply.body.detail : `status ${reply.status}`;
    if (reply.status === 200) return { kind: 'found', place: reply.body };
    if (code === 'ADDRESS_NOT_FOUND') return { kind: 'not_found', message };
    if (isTheSameForEveryRow(code, reply.body)) {
      throw new CommandFailed(`the service refuses to answer (${code}): ${message}`);
    }
    if (code === 'INVALID_REQUEST') return { kind: 'refused', message };
    if (code === 'RATE_LIMIT_EXCEEDED') throttles++;
    else faults++;
    const seconds = Math.min(reply.retryAfterSeconds ?? 2 ** faults, maxWaitSeconds);
    // Nobody was there over all these waits: the next row would find nobody either.
    if (reply.status === 0 && faults >= maxFaults) throw new CommandFailed(message);
    asking.onWait(seconds, code === '' ? message : `${code}: ${message}`);
    await (asking.wait ?? waitFor)(seconds, asking.interrupted);
  }
  return null;
}

const refusalsOfAll: ReadonlySet<string> = new Set([
  'UNAUTHORIZED',
  'FORBIDDEN',
  'TENANT_REQUIRED',
  'NOT_FOUND',
  'BUDGET_EXCEEDED',
]);

/** Then the run ends and says so: a token, a tenant without a service to ask, or an option such as `--language`. */
function isTheSameForEveryRow(code: string, { errors, attempts }: ServiceReply['body']): boolean {
  if (code === 'INVALID_REQUEST') {
    return Array.isArray(errors) && errors.some((fault: { path?: unknown }) => fault.path !== 'address');
  }
  if (code === 'SERVICE_UNAVAILABLE') return Array.isArray(attempts) && attempts.length === 0;
  return refusalsOfAll.has(code);
}

async function waitFor(seconds: number, interrupted: AbortSignal): Promise<void> {
  await delay(seconds * 1000, undefined, { signal: interrupted }).catch(() => {});
}

interface ServiceReply {
  readonly status: number;
  readonly body: Readonly<Record<string, unknown>>;
  readonly retryAfterSeconds: number | null;
}

/** A request that was sent is heard to its end, also after Ctrl-C: its answer may have been paid for. */
async function send({ url, token, tenant, options }: AskOptions, address: string): Promise<ServiceReply> {
  try {
    const reply = await fetch(`${url}/api/v1/geocoding/geocode`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${token}`,
        'x-management-company-id': tenant,
        'x-service-name': 'cli',
        'content-type': 'application/json',
      },
      body: JSON.stringify({ address, ...options }),
      signal: AbortSignal.timeout(replyDeadlineMs),
    });
    const retryAfter = Number(reply.headers.get('retry-after') ?? Number.NaN);
    return {
      status: reply.status,
      body: parseObject(await reply.text()),
      retryAfterSeconds: Number.isFinite(retryAfter) && retryAfter >= 0 ? retryAfter : null,
    };
  } catch (error) {
    const { cause, message } = error as Error;
    return {
      status: 0,
      body: { detail: `no answer from ${url}: ${cause instanceof Error ? cause.message : message}` },
      retryAfterSeconds: null,
    };
  }
}

function parseObject(text: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}
