/**
 * Bundles the console into `console/dist`: hashed file names, large parts loaded on demand, files compressed in
 * advance.
 *
 *   node scripts/build-console.ts [--watch]
 *
 * npm's `prepare` runs it, so `npm ci` builds the console; `npm run build` includes it.
 */
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '..');
/** Compressing smaller files gains nothing. */
const leastCompressedBytes = 1_024;

export interface ConsoleBuild {
  /** Compressed bytes of the first page load: document, scripts and styles that are not loaded later. */
  readonly firstLoadBytes: number;
}

export async function buildConsole(outdir = join(root, 'console/dist')): Promise<ConsoleBuild> {
  await rm(outdir, { recursive: true, force: true });
  await mkdir(outdir, { recursive: true });
  const { metafile } = await build({
    absWorkingDir: root,
    entryPoints: {
      main: 'console/src/main.tsx',
      theme: 'console/src/theme-early.ts',
      style: 'console/src/styles/style.css',
    },
    outdir,
    entryNames: '[name]-[hash]',
    chunkNames: 'chunk-[hash]',
    assetNames: '[name]-[hash]',
    bundle: true,
    splitting: true,
    format: 'esm',
    target: ['chrome120', 'firefox121', 'safari17'],
    jsx: 'automatic',
    jsxImportSource: 'preact',
    minify: true,
    legalComments: 'eof',
    loader: { '.png': 'dataurl', '.svg': 'dataurl' },
    metafile: true,
    logLevel: 'warning',
  });

  const outputs = Object.entries(metafile.outputs);
  const nameOf = (entryPoint: string): string => {
    const found = outputs.find(([, output]) => output.entryPoint === entryPoint);
    if (found === undefined) throw new Error(`esbuild has no output for ${entryPoint}`);
    return basename(found[0]);
  };
  const main = nameOf('console/src/main.tsx');
  const style = nameOf('console/src/styles/style.css');
  const page = (await readFile(join(root, 'console/index.html'), 'utf8'))
    .replace('{{theme}}', nameOf('console/src/theme-early.ts'))
    .replace('{{main}}', main)
    .replace('{{style}}', style);
  await writeFile(join(outdir, 'index.html'), page);

  const sizes = new Map<string, number>();
  for (const name of ['index.html', ...outputs.map(([path]) => basename(path))]) {
    sizes.set(name, await compress(join(outdir, name)));
  }
  const first = new Set(['index.html', style, nameOf('console/src/theme-early.ts'), main]);
  const follow = (name: string): void => {
    const output = outputs.find(([path]) => basename(path) === name)?.[1];
    for (const { path, kind } of output?.imports ?? []) {
      const imported = basename(path);
      if (kind !== 'import-statement' || first.has(imported)) continue;
      first.add(imported);
      follow(imported);
    }
  };
  follow(main);
  return { firstLoadBytes: [...first].reduce((sum, name) => sum + (sizes.get(name) ?? 0), 0) };
}

/** Writes `.br` and `.gz` beside a file and returns the larger of the two sizes. */
async function compress(path: string): Promise<number> {
  const plain = await readFile(path);
  if (plain.length < leastCompressedBytes) return plain.length;
  const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 9 } });
  const gzip = gzipSync(plain, { level: 9 });
  await writeFile(`${path}.br`, brotli);
  await writeFile(`${path}.gz`, gzip);
  return Math.max(brotli.length, gzip.length);
}

if (import.meta.main) {
  const { firstLoadBytes } = await buildConsole();
  console.log(`console: first load ${Math.round(firstLoadBytes / 1024)} KiB compressed`);
}
