/** Debian's nginx with its cache in front of the bare route; installed if possible, else not available. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ServerProcess, startServerProcess } from '../processes.ts';

const program = '/usr/sbin/nginx';
const installDeadlineMs = 300_000;

/** What it does with the upstream's answers: cache them, or pass them on. */
type NginxRole = 'cache' | 'pass';

/** null if nginx is missing and cannot be installed. */
export async function startNginx(
  folder: string,
  upstreamPort: number,
  role: NginxRole = 'cache',
): Promise<ServerProcess | null> {
  if (!isInstalled()) return null;
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'nginx.conf');
  // Every folder is named, because the package's folders belong to root.
  return startServerProcess({
    program,
    args: (port) => ['-p', folder, '-c', `${file}.${port}`],
    prepare: (port) => writeFile(`${file}.${port}`, configuration(folder, port, upstreamPort, role)),
  });
}

function isInstalled(): boolean {
  if (existsSync(program)) return true;
  if (!existsSync('/usr/bin/apt-get') || process.getuid?.() !== 0) return false;
  console.log('installing nginx');
  const { status } = spawnSync('apt-get', ['install', '-y', '--no-install-recommends', 'nginx-light'], {
    stdio: 'ignore',
    timeout: installDeadlineMs,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0 && existsSync(program);
}

const roles: Readonly<Record<NginxRole, string>> = {
  cache: `
      proxy_cache answers; proxy_cache_methods POST; proxy_cache_valid 200 1h;
      proxy_cache_key "$request_uri|$http_authorization|$request_body";`,
  pass: 'proxy_max_temp_file_size 0;',
};

function configuration(folder: string, port: number, upstreamPort: number, role: NginxRole): string {
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${folder}/${name};`)
    .join(' ');
  return `
daemon off; worker_processes 1; pid ${folder}/pid; error_log stderr crit;
${process.getuid?.() === 0 ? 'user root;' : ''}
events { worker_connections 1024; }
http {
  access_log off; keepalive_requests 100000000; ${temporary}
  proxy_cache_path ${folder}/cache keys_zone=answers:10m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://127.0.0.1:${upstreamPort};
      client_body_buffer_size 16k; client_body_in_single_buffer on;
      ${roles[role]}
    }
  }
}
`;
}
