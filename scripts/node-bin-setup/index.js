/**
 * What the package `node` runs when it is installed: its own helper asks npm for the platform's runtime past the lock. Here the
 * runtime is an optional dependency of the project, which npm has checked against the lock by its hash; it is linked, or, where
 * the lock names none for the platform, installed by its version as before.
 */
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const path = require('node:path');

module.exports = function linkRuntime(version) {
  const { platform, arch } = process;
  const prefix = platform === 'darwin' && arch === 'arm64' ? 'node-bin' : 'node';
  const name = `${prefix}-${platform}-${arch}`;
  const target = path.resolve(process.cwd(), 'bin/node');
  const locked = path.resolve(process.cwd(), '..', name, 'bin/node');
  let source = locked;
  if (!fs.existsSync(locked)) {
    execFileSync('npm', ['install', '--no-save', '--no-audit', '--no-fund', `${name}@${version}`], {
      stdio: 'inherit',
    });
    source = path.resolve(process.cwd(), 'node_modules', name, 'bin/node');
  }
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.rmSync(target, { force: true });
  try {
    fs.linkSync(source, target);
  } catch {
    fs.copyFileSync(source, target);
  }
  fs.chmodSync(target, 0o755);
};
