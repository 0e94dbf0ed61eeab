/** `/console`: a page for operators, from plain files. It holds no data; what it shows it asks of the API as its user. */
import { readFile } from 'node:fs/promises';
import { projectFile } from '../../../project-files.ts';
import type { Routes } from '../../app.ts';

/** Its own files and this service's answers, nothing else: a text in a log can neither run nor send anything. */
const pagePolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src data:; " +
  "base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

const files = [
  { url: '/console', path: 'console/index.html', type: 'text/html; charset=utf-8' },
  { url: '/console/console.js', path: 'console/console.js', type: 'text/javascript; charset=utf-8' },
  { url: '/console/views.js', path: 'console/views.js', type: 'text/javascript; charset=utf-8' },
  { url: '/console/api.js', path: 'console/api.js', type: 'text/javascript; charset=utf-8' },
  { url: '/console/console.css', path: 'console/console.css', type: 'text/css; charset=utf-8' },
] as const;

export function consoleRoutes(): Routes {
  return (app) => {
    for (const { url, path, type } of files) {
      // Read at the first visit; a page of this build does not change while it runs.
      let content: Promise<Buffer> | null = null;
      app.get(url, { config: { quiet: true } }, async (_request, reply) => {
        content ??= readFile(projectFile(path));
        return reply
          .headers({
            'content-type': type,
            'content-security-policy': pagePolicy,
            'x-content-type-options': 'nosniff',
            'referrer-policy': 'no-referrer',
            'cache-control': 'no-cache',
          })
          .send(await content);
      });
    }
  };
}
