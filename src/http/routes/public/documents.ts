/**
 * Documents for programmers: the overview at `/`, the OpenAPI document, and its page at `/docs`, which needs no
 * network.
 */
import { serviceName, version } from '../../../version.ts';
import type { Routes } from '../../app.ts';
import { readScalarScript } from '../../openapi/scalar-script.ts';

/**
 * The page loads nothing from elsewhere and sends nothing elsewhere. Its third-party script compiles code at run time
 * and writes styles into the page, so it runs in a sandbox with an origin of its own: it cannot reach the console's
 * page, its storage, or the API with its user's rights.
 */
const pagePolicy =
  "sandbox allow-scripts allow-popups allow-forms allow-downloads; default-src 'self'; script-src 'self' 'unsafe-eval'; " +
  "style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; worker-src blob:; " +
  "base-uri 'none'; frame-ancestors 'none'";

const page = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>Integration Service API</title>
<link rel="icon" href="data:,">
</head>
<body>
<div id="app"></div>
<script src="/docs/start.js"></script>
<script src="/docs/scalar.js"></script>
</body>
</html>
`;

/** A sandboxed origin has no storage, but the page's script asks for it while it loads. */
const startScript = `
for (const name of ['localStorage', 'sessionStorage']) {
  const kept = new Map();
  const storage = {
    get length() { return kept.size; },
    key: (index) => [...kept.keys()][index] ?? null,
    getItem: (key) => kept.get(String(key)) ?? null,
    setItem: (key, value) => void kept.set(String(key), String(value)),
    removeItem: (key) => void kept.delete(String(key)),
    clear: () => kept.clear(),
  };
  Object.defineProperty(window, name, { value: storage });
}
addEventListener('DOMContentLoaded', () => {
  Scalar.createApiReference('#app', {
    url: '/openapi.json',
    withDefaultFonts: false,
    telemetry: false,
    hideClientButton: true,
    showDeveloperTools: 'never',
    agent: { disabled: true },
    mcp: { disabled: true },
    persistAuth: false,
  });
});
`;

export function documentRoutes(extra: Readonly<Record<string, () => unknown>> = {}): Routes {
  return (app) => {
    const config = { quiet: true };
    app.get('/', { config }, async () => ({
      service: serviceName,
      version,
      description: 'The one gateway to the outside: geocoding, Google Sheets, any HTTP API, webhooks.',
      documentation: '/docs',
      openapi: '/openapi.json',
      asyncapi: '/asyncapi.json',
      console: '/console',
      api: '/api/v1',
      health: '/health',
      metrics: '/metrics',
    }));
    app.get('/favicon.ico', { config }, async (_request, reply) => reply.code(204).send());

    let openapi: Buffer | null = null;
    app.get('/openapi.json', { config }, async (_request, reply) => {
      openapi ??= Buffer.from(JSON.stringify(app.swagger()));
      // Readable by everyone, including the sandbox of /docs.
      return reply
        .header('content-type', 'application/json; charset=utf-8')
        .header('access-control-allow-origin', '*')
        .send(openapi);
    });
    for (const [url, document] of Object.entries(extra)) app.get(url, { config }, async () => document());

    app.get('/docs', { config }, async (_request, reply) =>
      reply.header('content-type', 'text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(page),
    );
    app.get('/docs/start.js', { config }, async (_request, reply) =>
      reply.header('content-type', 'text/javascript; charset=utf-8').send(startScript),
    );
    let script: Promise<Buffer> | null = null;
    app.get('/docs/scalar.js', { config }, async (_request, reply) => {
      script ??= readScalarScript();
      return reply
        .header('content-type', 'text/javascript; charset=utf-8')
        .header('cache-control', 'public, max-age=3600')
        .send(await script);
    });
  };
}
