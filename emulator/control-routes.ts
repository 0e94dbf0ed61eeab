/** The control API over HTTP, under `/__emulator/`, for tests in other processes and for people. */
import { type Control, type Fault, faultModes } from './control.ts';
import { type EmulatorReply, type EmulatorRequest, jsonReply, type Route } from './vendor.ts';

/** `known`: names of the emulated vendors; any other name is a 400. */
export function controlRoutes(control: Control, known: readonly string[]): readonly Route[] {
  const path = (rest: string): RegExp => new RegExp(`^/__emulator/${rest}$`);
  return [
    {
      method: 'GET',
      path: path('requests'),
      handle: () => jsonReply(200, Object.fromEntries(known.map((vendor) => [vendor, control.requests(vendor)]))),
    },
    {
      method: 'DELETE',
      path: path('requests'),
      handle: () => {
        control.resetCounts();
        return jsonReply(200, {});
      },
    },
    { method: 'GET', path: path('faults'), handle: () => jsonReply(200, { faults: control.faults }) },
    {
      method: 'POST',
      path: path('faults'),
      handle: (request) =>
        withBody(request, (body) => {
          control.fail(parseFault(body, known));
          return { faults: control.faults };
        }),
    },
    {
      method: 'DELETE',
      path: path('faults'),
      handle: (request) => {
        control.heal(request.query.get('vendor') ?? undefined);
        return jsonReply(200, { faults: control.faults });
      },
    },
    {
      method: 'POST',
      path: path('quotas'),
      handle: (request) =>
        withBody(request, (body) => {
          const { vendor, per_minute: perMinute, class: quotaClass = 'requests' } = body;
          if (!isKnown(vendor, known)) throw new RangeError('vendor: unknown');
          if (perMinute !== null && !(Number.isInteger(perMinute) && Number(perMinute) >= 0)) {
            throw new RangeError('per_minute: a whole number, or null for no quota');
          }
          control.setQuota(vendor, perMinute as number | null, String(quotaClass));
          return { vendor, class: quotaClass, per_minute: perMinute };
        }),
    },
    {
      method: 'POST',
      path: path('keys'),
      handle: (request) =>
        withBody(request, (body) => {
          const { vendor, key, bad = true } = body;
          if (!isKnown(vendor, known) || typeof key !== 'string') throw new RangeError('vendor and key are required');
          control.setKeyBad(vendor, key, bad !== false);
          return { vendor, bad: bad !== false };
        }),
    },
  ];
}

type Body = Readonly<Record<string, unknown>>;

function withBody(request: EmulatorRequest, act: (body: Body) => unknown): EmulatorReply {
  try {
    const body: unknown = JSON.parse(request.body.toString('utf8'));
    if (typeof body !== 'object' || body === null) throw new RangeError('a JSON object is required');
    return jsonReply(200, act(body as Body));
  } catch (error) {
    return jsonReply(400, { error: error instanceof Error ? error.message : 'bad request' });
  }
}

function isKnown(vendor: unknown, known: readonly string[]): vendor is string {
  return typeof vendor === 'string' && known.includes(vendor);
}

const faultMembers = ['vendor', 'mode', 'when', 'times', 'probability', 'delay_ms', 'path_includes'];

function parseFault(body: Body, known: readonly string[]): Fault {
  const { vendor, mode, times, probability, delay_ms: delayMs, when, path_includes: pathIncludes } = body;
  const strange = Object.keys(body).find((name) => !faultMembers.includes(name));
  if (strange !== undefined) throw new RangeError(`${strange}: unknown; known are ${faultMembers.join(', ')}`);
  if (!isKnown(vendor, known)) throw new RangeError(`vendor: one of ${known.join(', ')}`);
  if (!faultModes.includes(mode as Fault['mode'])) throw new RangeError(`mode: one of ${faultModes.join(', ')}`);
  const isCount = (value: unknown): boolean => Number.isInteger(value) && Number(value) >= 1;
  const isFrom0 = (value: unknown, most: number): boolean => typeof value === 'number' && value >= 0 && value <= most;
  if (times !== undefined && !isCount(times)) throw new RangeError('times: a whole number from 1');
  if (probability !== undefined && !isFrom0(probability, 1)) throw new RangeError('probability: from 0 to 1');
  if (delayMs !== undefined && !isFrom0(delayMs, 3_600_000)) throw new RangeError('delay_ms: from 0 to 3600000');
  if (when !== undefined && when !== 'before' && when !== 'after') throw new RangeError('when: before or after');
  if (pathIncludes !== undefined && typeof pathIncludes !== 'string') throw new RangeError('path_includes: a text');
  return {
    vendor,
    mode: mode as Fault['mode'],
    ...(typeof times === 'number' && { times }),
    ...(typeof probability === 'number' && { probability }),
    ...(typeof delayMs === 'number' && { delayMs }),
    ...((when === 'before' || when === 'after') && { when }),
    ...(typeof pathIncludes === 'string' && { pathIncludes }),
  };
}
