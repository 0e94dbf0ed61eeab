/**
 * `/console`: serves the operators' application as `npm ci` bundles it (scripts/build-console.ts). Its files hold no
 * data; it calls the API with its user's rights.
 *
 * Each page has its own URL, and all of them serve one document. Files have hashed names and never change.
 */
import { readdir, readFile } from 'node:fs/promises';
import { extname, join } from 'node:path';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { ServiceError } from '../../../errors.ts';
import { projectFile } from '../../../files/project-files.ts';
import type { Routes } from '../../app.ts';

const types: Readonly<Record<string, string>> = {
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.html': 'text/html; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.txt': 'text/plain; charset=utf-8',
};
const encodings = [
  { name: 'br', suffix: '.br' },
  { name: 'gzip', suffix: '.gz' },
] as const;
const yearSeconds = 31_536_000;

interface BuiltFile {
  readonly type: string;
  readonly plain: Buffer;
  readonly encoded: ReadonlyMap<string, Buffer>;
}

export function consoleRoutes({ tileUrl }: { readonly tileUrl: string | null }): Routes {
  const policy = pagePolicy(tileUrl);
  // Read at the first visit; the files do not change while the process runs.
  let built: Promise<ReadonlyMap<string, BuiltFile>> | null = null;
  const files = (): Promise<ReadonlyMap<string, BuiltFile>> => {
    built ??= readBuild(projectFile('console/dist')).catch((error: unknown) => {
      built = null;
      throw new ServiceError('SERVICE_UNAVAILABLE', 'The console is not built: run npm ci, or npm run build:console.', {
        cause: error,
      });
    });
    return built;
  };

  return (app) => {
    const page = async (request: FastifyRequest, reply: FastifyReply) => {
      const file = (await files()).get('index.html');
      reply.headers({
        'content-security-policy': policy,
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'same-origin',
        'cache-control': 'no-cache',
      });
      return sendFile(request, reply, file);
    };
    app.get('/console', { config: { quiet: true } }, page);
    app.get('/console/*', { config: { quiet: true } }, page);
    app.get<{ Params: { file: string } }>(
      '/console/assets/:file',
      { config: { quiet: true } },
      async (request, reply) => {
        const file = (await files()).get(request.params.file);
        reply.headers({
          'x-content-type-options': 'nosniff',
          'cache-control': `public, max-age=${yearSeconds}, immutable`,
        });
        return sendFile(request, reply, file);
      },
    );
  };
}

/**
 * Allows the console's own files, this service's API and the configured map tiles only: text from a log can neither run
 * as script nor send anything.
 */
function pagePolicy(tileUrl: string | null): string {
  const tiles = tileUrl === null ? '' : ` ${tileOrigin(tileUrl)}`;
  return (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
    `img-src 'self' data:${tiles}; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`
  );
}

/** `{s}` stands for one of several hosts. */
function tileOrigin(tileUrl: string): string {
  return new URL(tileUrl.replace('{s}', 'wildcard')).origin.replace('wildcard', '*');
}

async function readBuild(folder: string): Promise<ReadonlyMap<string, BuiltFile>> {
  const names = await readdir(folder);
  const files = new Map<string, BuiltFile>();
  for (const name of names.filter((one) => types[extname(one)] !== undefined)) {
    const encoded = new Map<string, Buffer>();
    for (const { name: encoding, suffix } of encodings) {
      if (names.includes(name + suffix)) encoded.set(encoding, await readFile(join(folder, name + suffix)));
    }
    files.set(name, { type: types[extname(name)] as string, plain: await readFile(join(folder, name)), encoded });
  }
  if (!files.has('index.html')) throw new Error(`${folder} has no index.html`);
  return files;
}

function sendFile(request: FastifyRequest, reply: FastifyReply, file: BuiltFile | undefined): FastifyReply {
  if (file === undefined) {
    throw new ServiceError('NOT_FOUND', 'There is nothing at this path.');
  }
  reply.headers({ 'content-type': file.type, vary: 'accept-encoding' });
  const accepted = String(request.headers['accept-encoding'] ?? '');
  for (const [encoding, body] of file.encoded) {
    if (new RegExp(`\\b${encoding}\\b(?!\\s*;\\s*q=0(?:\\.0*)?(?:,|$))`).test(accepted)) {
      return reply.header('content-encoding', encoding).send(body);
    }
  }
  return reply.send(file.plain);
}
