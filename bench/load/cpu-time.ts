/** CPU time and memory of processes, from /proc of Linux. */
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** Linux's unit of CPU time, on every platform that Node supports. */
const microsPerTick = 10_000;
const listening = '0A';

/** User and system time of these processes since their start, µs; null without /proc. */
export function cpuMicrosOf(pids: readonly number[]): number | null {
  try {
    return pids.reduce((ticks, pid) => ticks + ownTicks(statOf(pid)), 0) * microsPerTick;
  } catch {
    return null;
  }
}

/** The same for a server with all processes that it started, including ended ones; null without /proc. */
export function cpuMicrosOfTree(root: number): number | null {
  try {
    return ticksOfTree(root) * microsPerTick;
  } catch {
    return null;
  }
}

/** Resident memory of these processes; 0 without /proc. */
export function residentBytesOf(pids: readonly number[]): number {
  try {
    return pids.reduce((kibibytes, pid) => kibibytes + residentKibibytes(pid), 0) * 1_024;
  } catch {
    return 0;
  }
}

function residentKibibytes(pid: number): number {
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]);
}

function ticksOfTree(root: number): number {
  const fields = statOf(root);
  const ended = Number(fields[13]) + Number(fields[14]);
  return childrenOf(root).reduce((ticks, child) => {
    try {
      return ticks + ticksOfTree(child);
    } catch {
      return ticks; // It has ended since: its time now belongs to its parent.
    }
  }, ownTicks(fields) + ended);
}

function ownTicks(fields: readonly string[]): number {
  return Number(fields[11]) + Number(fields[12]);
}

/** The name, in parentheses, may contain spaces; after it comes the third field. */
function statOf(pid: number): readonly string[] {
  return readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1)?.split(' ') ?? [];
}

/** Empty without /proc. */
export function childrenOf(pid: number): number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'latin1').trim().split(' ').filter(Boolean).map(Number);
  } catch {
    return [];
  }
}

/** The process that listens on a TCP port of this machine; null if it cannot be seen. */
export function findListener(port: number): number | null {
  const sockets = new Set(['tcp', 'tcp6'].flatMap((table) => listeningSockets(table, port)));
  if (sockets.size === 0) return null;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const owners = pids.filter((pid) => openFiles(pid).some((file) => sockets.has(file))).map(Number);
  // Children inherit the socket of their parent, which is older.
  return owners.length === 0 ? null : Math.min(...owners);
}

function listeningSockets(table: string, port: number): string[] {
  try {
    const lines = readFileSync(`/proc/net/${table}`, 'latin1').trim().split('\n').slice(1);
    return lines
      .map((line) => line.trim().split(/\s+/))
      .filter(([, local, , state]) => state === listening && Number.parseInt(local?.split(':')[1] ?? '', 16) === port)
      .map((fields) => `socket:[${fields[9]}]`);
  } catch {
    return [];
  }
}

function openFiles(pid: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/fd`).map((file) => readlinkSync(`/proc/${pid}/fd/${file}`));
  } catch {
    return []; // It belongs to another user, or has ended.
  }
}
