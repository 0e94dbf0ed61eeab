/** What a programmer looks at first: the description at `/`, OpenAPI, and its page at `/docs`, which needs no network. */
import { serviceName, version } from '../../../version.ts';
import type { Routes } from '../../app.ts';
import { readScalarScript } from '../../openapi/scalar-script.ts';

/** The page loads nothing from elsewhere and sends nothing elsewhere; requests it makes go to this service. */
const pagePolicy =
  "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; " +
  "img-src 'self' data: blob:; font-src 'self' data:; worker-src 'self' blob:; frame-ancestors 'none'";

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
<script src="/docs/scalar.js"></script>
<script>
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
</script>
</body>
</html>
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
      return reply.header('content-type', 'application/json; charset=utf-8').send(openapi);
    });
    for (const [url, document] of Object.entries(extra)) app.get(url, { config }, async () => document());

    app.get('/docs', { config }, async (_request, reply) =>
      reply.header('content-type', 'text/html; charset=utf-8').header('content-security-policy', pagePolicy).send(page),
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
