/** Loads the script of the API page at `/docs`. */
import { readFile } from 'node:fs/promises';
import type { FastifyInstance } from 'fastify';
import { isBundle, projectFile } from '../../files/project-files.ts';

/** Read on demand: four megabytes that only visitors of the page need. */
export function readScalarScript(): Promise<Buffer> {
  return isBundle ? readFile(projectFile('assets/scalar.js')) : extractScalarScript();
}

/** Takes Scalar's browser bundle out of its Fastify plugin, by serving it once from a separate app. */
async function extractScalarScript(): Promise<Buffer> {
  const [{ default: Fastify }, { default: scalar }] = await Promise.all([
    import('fastify'),
    import('@scalar/fastify-api-reference'),
  ]);
  const host: FastifyInstance = Fastify({ logger: false });
  await host.register(scalar, { routePrefix: '/reference', configuration: { url: '/openapi.json' } });
  const reply = await host.inject('/reference/js/scalar.js');
  await host.close();
  if (reply.statusCode !== 200) throw new Error('the script of the API page is missing');
  return reply.rawPayload;
}
