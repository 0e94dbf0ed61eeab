/** The methods of a path, for 405 with `Allow`. Used only if no route matched, so it may be slow. */
import type { FastifyInstance } from 'fastify';

export interface RouteMethods {
  /** The methods of all routes that match the path; empty if none does. */
  allowedFor(path: string): readonly string[];
}

/** Watches the registration of routes: call it before the first one. */
export function watchRouteMethods(app: FastifyInstance): RouteMethods {
  const routes: { pattern: RegExp; methods: readonly string[] }[] = [];
  app.addHook('onRoute', ({ url, method }) => {
    routes.push({ pattern: toPattern(url), methods: Array.isArray(method) ? method : [method] });
  });
  return {
    allowedFor: (path) =>
      [...new Set(routes.flatMap(({ pattern, methods }) => (pattern.test(path) ? methods : [])))].sort(),
  };
}

function toPattern(url: string): RegExp {
  const segments = url.split('/').map((segment) => {
    if (segment === '*') return '.*';
    return segment.startsWith(':') ? '[^/]+' : segment.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${segments.join('/')}/?$`);
}
