/**
 * Replaces the install script of the package `node`, whose own helper downloads the platform's runtime past the lock
 * file. Here the runtime is an optional dependency of the project, which npm has checked against its hash in the lock
 * file: it is linked. If the lock file has none for the platform, it is installed by version, as before.
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
