import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';

const root = join(import.meta.dirname, '../..');
const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
  packages: Record<string, { version?: string; integrity?: string; link?: boolean; resolved?: string }>;
};

test('every locked package is pinned by its hash, and names no host', () => {
  const named = Object.entries(packages).filter(([place, { link }]) => place.startsWith('node_modules/') && !link);
  assert.ok(named.length > 100);
  const unpinned = named.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? ''));
  assert.deepEqual(
    unpinned.map(([place]) => place),
    [],
  );
  // Without an address, a package comes from the registry that npm is configured for.
  assert.deepEqual(
    named.flatMap(([place, { resolved }]) => (resolved === undefined ? [] : [place])),
    [],
  );
});

test('the runtime is the locked optional package of the platform', (t) => {
  const locked = join(root, `node_modules/node-${process.platform}-${process.arch}/bin/node`);
  if (!existsSync(locked)) return t.diagnostic('the lock file has no runtime for this platform');
  const used = join(root, 'node_modules/node/bin/node');
  const [one, other] = [statSync(locked), statSync(used)];
  if (one.ino === other.ino) return;
  const hashOf = (path: string): string => createHash('sha256').update(readFileSync(path)).digest('hex');
  assert.equal(hashOf(used), hashOf(locked));
});
