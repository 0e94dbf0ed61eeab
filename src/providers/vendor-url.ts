/** Base URLs as administrators configure them: an origin, with or without the vendor's base path. */

/**
 * `base` without a trailing slash, ending in one of `basePaths`; the first one is appended if it has none. A proxy's
 * prefix stays: `https://proxy.example/google` becomes `https://proxy.example/google/maps/api`.
 */
export function vendorBase(base: string, basePaths: readonly [string, ...string[]]): string {
  const bare = withoutTrail(base);
  return basePaths.some((path) => bare.endsWith(path)) ? bare : bare + basePaths[0];
}

/** `base` without the vendor's base path, to reach another of its APIs. */
export function vendorRoot(base: string, basePaths: readonly string[]): string {
  const bare = withoutTrail(base);
  const path = basePaths.find((each) => bare.endsWith(each));
  return path === undefined ? bare : bare.slice(0, -path.length);
}

/** Some vendors serve a second API at its own address; another base URL (an emulator, a proxy) serves both. */
export function secondBase(baseUrl: string | null, own: string, basePaths: readonly string[], second: string): string {
  const root = vendorRoot(baseUrl ?? own, basePaths);
  return root === own ? second : root;
}

function withoutTrail(base: string): string {
  return base.replace(/[?#].*$/, '').replace(/\/+$/, '');
}
