/** A command for a terminal, and the same as YAML. */

export function curlOf(method: string, path: string, tenant: string, body?: unknown): string {
  const lines = [
    `curl -s ${method === 'GET' ? '' : `-X ${method} `}${quote(`${window.location.origin}/api/v1${path}`)}`,
    `-H "Authorization: Bearer $TOKEN"`,
    `-H ${quote(`X-Management-Company-Id: ${tenant}`)}`,
  ];
  if (body !== undefined) lines.push(`-H 'Content-Type: application/json'`, `-d ${quote(JSON.stringify(body))}`);
  return lines.join(' \\\n  ');
}

/** For a POSIX shell. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** Plain data as YAML: texts are quoted as in JSON, which YAML is a superset of. */
export function yamlOf(value: unknown, indent = ''): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return ' []';
    return value
      .map(
        (item) =>
          `\n${indent}-${isNested(item) ? yamlOf(item, `${indent}  `).replace(/^\n\s*/, ' ') : ` ${JSON.stringify(item)}`}`,
      )
      .join('');
  }
  if (typeof value === 'object' && value !== null) {
    const entries = Object.entries(value);
    if (entries.length === 0) return ' {}';
    return entries
      .map(
        ([name, item]) =>
          `\n${indent}${nameOf(name)}:${isNested(item) ? yamlOf(item, `${indent}  `) : ` ${JSON.stringify(item)}`}`,
      )
      .join('');
  }
  return ` ${JSON.stringify(value)}`;
}

function isNested(value: unknown): boolean {
  return typeof value === 'object' && value !== null;
}

function nameOf(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) ? name : JSON.stringify(name);
}
