/** Routes whose bodies are bytes, of any content type. */
import type { FastifyContentTypeParser, FastifyInstance, FastifyRequest } from 'fastify';

/** The content types of requests, whose headers are hidden from Fastify: it refuses invalid ones. */
const contentTypes = new WeakMap<FastifyRequest, string>();

/** Passes every body to `parse`, whether its content type is valid, invalid or missing. */
export function acceptAnyContentType(app: FastifyInstance, parse: FastifyContentTypeParser): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', parse);
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers } = request.raw;
    if (headers['content-type'] !== undefined) contentTypes.set(request, headers['content-type']);
    delete headers['content-type'];
    done();
  });
}

/** The content type as it was sent. */
export function contentTypeOf(request: FastifyRequest): string | undefined {
  return contentTypes.get(request);
}
