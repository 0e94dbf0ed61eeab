/** The type of the only part of undici that this program loads (origin.ts). */
declare module 'undici/lib/dispatcher/pool.js' {
  // biome-ignore lint/style/noDefaultExport: the file has no other.
  export { Pool as default } from 'undici';
}
