/** Reads what the operating system knows about other processes. */
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';

/** True also for another user's process. False for a zombie, which has ended but was not yet reaped by its parent. */
export function processLives(processId: number): boolean {
  try {
    process.kill(processId, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPERM') return false;
  }
  const state = process.platform === 'linux' ? (statFields(processId)?.[0] ?? '') : (ps(processId, 'stat') ?? '');
  return !/^[ZX]/i.test(state);
}

/** The start time of a process, as an opaque text for comparison only. null if the system does not know it. */
export function processBegin(processId: number): string | null {
  if (process.platform !== 'linux') return ps(processId, 'lstart');
  // The 22nd field, in ticks since boot.
  return statFields(processId)?.[19] ?? null;
}

/** The program and its arguments, separated by spaces. null if the system does not know them. */
export function processCommand(processId: number): string | null {
  if (process.platform !== 'linux') return ps(processId, 'args');
  return readProc(processId, 'cmdline')?.replaceAll('\0', ' ') ?? null;
}

/** The fields of proc(5) from the third on. The second is the program's name and may contain anything. */
function statFields(processId: number): readonly string[] | null {
  const stat = readProc(processId, 'stat');
  return stat === null ? null : stat.slice(stat.lastIndexOf(')') + 2).split(' ');
}

function readProc(processId: number, file: 'stat' | 'cmdline'): string | null {
  try {
    return readFileSync(`/proc/${processId}/${file}`, 'utf8');
  } catch {
    return null;
  }
}

function ps(processId: number, field: 'lstart' | 'args' | 'stat'): string | null {
  try {
    const text = execFileSync('ps', ['-ww', '-o', `${field}=`, '-p', String(processId)], {
      encoding: 'utf8',
      timeout: 5_000,
      env: { PATH: '/usr/bin:/bin', LC_ALL: 'C' },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    return text.trim() === '' ? null : text.trim();
  } catch {
    return null;
  }
}
