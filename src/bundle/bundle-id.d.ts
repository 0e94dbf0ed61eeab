/** Different for each content of `program.cjs`; `scripts/build.ts` puts it in. */
declare const bundleId: string;
