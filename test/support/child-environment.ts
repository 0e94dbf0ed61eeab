/** What a program that a test starts gets of the test's own environment: where programs are, and the compiled code. */
export function environmentOfChildren(): Readonly<Record<string, string>> {
  const { PATH = '', NODE_COMPILE_CACHE } = process.env;
  return { PATH, ...(NODE_COMPILE_CACHE === undefined ? {} : { NODE_COMPILE_CACHE }) };
}
