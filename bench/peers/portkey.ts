/**
 * Portkey's gateway, installed from npm into a folder beside the results, because the service does not depend on it.
 */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { LoadPlan } from '../load/plan.ts';
import { type ServerProcess, startServerProcess } from '../processes.ts';

const packageVersion = '1.15.2';
const folder = join(import.meta.dirname, `../results/portkey-${packageVersion}`);
const program = join(folder, 'node_modules/@portkey-ai/gateway/build/start-server.js');
const installDeadlineMs = 180_000;

/** null if it cannot be installed (no network). */
export async function startPortkey(): Promise<ServerProcess | null> {
  if (!existsSync(program)) {
    console.log("installing Portkey's gateway");
    await mkdir(folder, { recursive: true });
    const args = ['install', '--prefix', folder, '--no-save', '--ignore-scripts', '--no-audit', '--no-fund'];
    spawnSync('npm', [...args, `@portkey-ai/gateway@${packageVersion}`], {
      stdio: 'ignore',
      timeout: installDeadlineMs,
    });
    if (!existsSync(program)) return null;
  }
  return startServerProcess({
    args: (port) => [program, `--port=${port}`, '--headless'],
    env: () => ({ TRUSTED_CUSTOM_HOSTS: '127.0.0.1', NODE_ENV: 'production' }),
  });
}

/** A chat completion, its main use, passed on to the upstream. */
export function portkeyRequest(upstreamPort: number): Pick<LoadPlan, 'method' | 'path' | 'headers' | 'bodyTemplate'> {
  return {
    method: 'POST',
    path: '/v1/chat/completions',
    headers: {
      'content-type': 'application/json',
      authorization: 'Bearer bench',
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
    },
    bodyTemplate: JSON.stringify({
      model: 'bench',
      messages: [{ role: 'user', content: 'Ташкент, улица Навои, {n}' }],
    }),
  };
}
