/**
 * The emulator's HTTP server: finds the vendor of a request, counts it, applies faults and quotas, and lets the vendor
 * answer.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Clock } from '../src/clock.ts';
import { systemClock } from '../src/clock.ts';
import { Control, type Fault } from './control.ts';
import { controlRoutes } from './control-routes.ts';
import {
  type CreateVendor,
  type EmulatorReply,
  type EmulatorRequest,
  jsonReply,
  type Route,
  type Vendor,
} from './vendor.ts';
import { vendors as allVendors } from './vendors.ts';

export interface EmulatorOptions {
  /** Default 127.0.0.1, because anyone who can reach it may set faults. */
  readonly host?: string;
  /** 0: any free port. */
  readonly port: number;
  /** Where vendors may store state across restarts. Default: nowhere. */
  readonly dataDir?: string | null;
  readonly clock?: Clock;
  /** For faults with a probability. */
  readonly random?: () => number;
  /** Default: all. */
  readonly vendors?: readonly CreateVendor[];
}

export interface Emulator {
  /** `http://127.0.0.1:9000`: the base URL for every vendor. */
  readonly url: string;
  readonly port: number;
  readonly control: Control;
  close(): Promise<void>;
}

const maxBodyBytes = 32 * 1024 * 1024;

/** Serves every vendor on one port. Rejects if the port is not available. */
export async function startEmulator(options: EmulatorOptions): Promise<Emulator> {
  const clock = options.clock ?? systemClock;
  const control = new Control(clock, options.random);
  const vendors = (options.vendors ?? allVendors).map((create) =>
    create({ control, clock, dataDir: options.dataDir ?? null }),
  );
  for (const { name, perMinuteQuotas } of vendors) {
    for (const [quotaClass, perMinute] of Object.entries(perMinuteQuotas))
      control.setQuota(name, perMinute, quotaClass);
  }
  const ownRoutes = controlRoutes(
    control,
    vendors.map(({ name }) => name),
  );

  const server = createServer((incoming, outgoing) => {
    // An error in the emulator is reported to its caller, and affects nothing else.
    serve(incoming, outgoing).catch((error: unknown) => {
      if (outgoing.headersSent || outgoing.destroyed) return outgoing.destroy();
      send(
        outgoing,
        jsonReply(500, { error: `The emulator failed: ${error instanceof Error ? error.message : error}` }),
      );
    });
  });

  async function serve(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const request = await readRequest(incoming);
    if (request === null) return send(outgoing, jsonReply(413, { error: 'the body is too large' }));
    // Web pages of any origin may neither set faults nor read counts.
    const isOfBrowser = incoming.headers.origin !== undefined || incoming.headers['sec-fetch-site'] !== undefined;
    if (isOfBrowser && /^\/+__emulator(?:\/|$)/.test(request.rawPath)) {
      return send(outgoing, jsonReply(403, { error: 'the control API is not for browsers' }));
    }
    const own = findRoute(ownRoutes, request);
    if (own !== null) return send(outgoing, await own.route.handle(request, own.match));
    for (const vendor of vendors) {
      const found = findRoute(vendor.routes, request);
      if (found !== null) {
        return answer(control, vendor, request, outgoing, async () => found.route.handle(request, found.match));
      }
    }
    send(outgoing, notFound());
  }

  const port = await listen(server, options.host ?? '127.0.0.1', options.port);
  const host = options.host ?? '127.0.0.1';
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${port}`,
    port,
    control,
    async close() {
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      // Hanging requests would keep the server open for ever.
      server.closeAllConnections();
      await closed;
      for (const vendor of vendors) await vendor.close?.();
    },
  };
}

async function answer(
  control: Control,
  vendor: Vendor,
  request: EmulatorRequest,
  outgoing: ServerResponse,
  handle: () => Promise<EmulatorReply>,
): Promise<void> {
  const account = vendor.accountOf(request);
  const quotaClass = vendor.quotaClassOf?.(request) ?? 'requests';
  control.recordArrival(vendor.name, account, quotaClass);

  const fault = control.takeFault(vendor.name, request.rawPath);
  if (fault !== null && fault.when !== 'after' && !needsTrueReply(fault)) {
    return show(fault, null, vendor, request, outgoing);
  }

  const reply = await truthfully(control, vendor, request, account, quotaClass, handle);
  control.recordReply(vendor.name, Buffer.byteLength(reply.body));
  if (fault === null) return send(outgoing, reply);
  return show(fault, reply, vendor, request, outgoing);
}

async function truthfully(
  control: Control,
  vendor: Vendor,
  request: EmulatorRequest,
  account: string | null,
  quotaClass: string,
  handle: () => Promise<EmulatorReply>,
): Promise<EmulatorReply> {
  const refused = vendor.authorize?.(request) ?? null;
  if (refused !== null) return refused;
  if (account !== null && !control.spendQuota(vendor.name, account, quotaClass).granted) {
    return vendor.refuse('over_query_limit', request);
  }
  return handle();
}

function needsTrueReply({ mode }: Fault): boolean {
  return mode === 'slow' || mode === 'truncated' || mode === 'cut';
}

async function show(
  fault: Fault,
  reply: EmulatorReply | null,
  vendor: Vendor,
  request: EmulatorRequest,
  outgoing: ServerResponse,
): Promise<void> {
  const delayMs = fault.delayMs ?? (fault.mode === 'slow' ? 1_000 : 0);
  if (delayMs > 0 && !(await waitUnlessGone(outgoing, delayMs))) return;
  const whole = reply ?? { status: 200, body: '' };
  switch (fault.mode) {
    case 'hang':
      return; // Until the caller disconnects, or the emulator closes.
    case 'reset':
      outgoing.socket?.resetAndDestroy();
      return;
    case 'cut':
      return cutInTheMiddle(outgoing, whole);
    case '500':
      return send(outgoing, { ...vendor.refuse('internal_error', request), status: 500 });
    case '503':
      return send(outgoing, { ...vendor.refuse('internal_error', request), status: 503 });
    case 'html':
      return send(outgoing, {
        status: 200,
        headers: { 'content-type': 'text/html; charset=UTF-8' },
        body: '<!DOCTYPE html><html><head><title>Sorry…</title></head><body>We are sorry…</body></html>',
      });
    case 'truncated':
      return send(outgoing, { ...whole, body: firstHalf(whole.body) });
    case 'empty':
      return send(outgoing, { ...whole, status: 200, body: '' });
    case 'over_query_limit':
    case 'request_denied':
      return send(outgoing, vendor.refuse(fault.mode, request));
    case 'slow':
      return send(outgoing, whole);
  }
}

function firstHalf(body: string | Buffer): Buffer {
  const bytes = Buffer.from(body);
  return bytes.subarray(0, Math.ceil(bytes.length / 2));
}

function cutInTheMiddle(outgoing: ServerResponse, reply: EmulatorReply): void {
  outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': String(Buffer.byteLength(reply.body) + 1) });
  // Destroyed after the half is sent, so that the caller has seen headers and part of the body.
  outgoing.write(firstHalf(reply.body), () => outgoing.socket?.destroy());
}

/** False if the caller has disconnected meanwhile. */
function waitUnlessGone(outgoing: ServerResponse, delayMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(true), delayMs);
    outgoing.once('close', () => {
      clearTimeout(timer);
      resolve(false);
    });
  });
}

function findRoute(
  routes: readonly Route[],
  request: EmulatorRequest,
): { route: Route; match: RegExpExecArray } | null {
  for (const route of routes) {
    if (route.method !== request.method) continue;
    const match = route.path.exec(request.rawPath);
    if (match !== null) return { route, match };
  }
  return null;
}

/** Google's front end answers unknown paths in HTML, so clients must not parse blindly. */
function notFound(): EmulatorReply {
  return {
    status: 404,
    headers: { 'content-type': 'text/html; charset=UTF-8' },
    body: '<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)</title><p>The requested URL was not found.</html>',
  };
}

/** null if the body is too large. */
async function readRequest(incoming: IncomingMessage): Promise<EmulatorRequest | null> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of incoming as AsyncIterable<Buffer>) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBodyBytes) return null;
    chunks.push(chunk);
  }
  const target = incoming.url ?? '/';
  const queryAt = target.indexOf('?');
  return {
    method: incoming.method ?? 'GET',
    rawPath: queryAt === -1 ? target : target.slice(0, queryAt),
    query: new URLSearchParams(queryAt === -1 ? '' : target.slice(queryAt + 1)),
    headers: incoming.headers,
    body: Buffer.concat(chunks),
    origin: `http://${incoming.headers.host ?? 'localhost'}`,
  };
}

function send(outgoing: ServerResponse, reply: EmulatorReply): void {
  if (outgoing.destroyed) return;
  outgoing.writeHead(reply.status, { ...reply.headers, 'content-length': String(Buffer.byteLength(reply.body)) });
  outgoing.end(reply.body);
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}
