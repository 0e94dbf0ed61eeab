import { buffer } from 'node:stream/consumers';
import type { Config } from '../config/config.ts';
import { loadOrCreateKeys } from '../secrets/development-keys.ts';
import { sealForEnvironment } from '../secrets/environment-secret.ts';
import { createKeyring, type Keyring } from '../secrets/keyring.ts';
import { type Command, UsageError } from './command.ts';

/** The keys of the environment, or in development those in `DATA_DIR`. */
export function keyringOf(config: Config): Keyring {
  return createKeyring(config.encryptionKeys ?? loadOrCreateKeys(config.dataDir));
}

const maxSecretBytes = 64 * 1024;

export const secretEncrypt: Command = {
  name: 'secret encrypt',
  summary: 'read a secret from stdin, print it sealed (enc:…) for an environment file',
  notes: [
    'It is read from stdin, so that it stands in no shell history and no process list:',
    '  npm run -s cli -- secret encrypt < key.txt',
  ],
  async run({ terminal, config }) {
    const keyring = keyringOf(config());
    if (process.stdin.isTTY) terminal.note('Type or paste the secret, then Enter and Ctrl-D:');
    const plain = (await readStdin()).replace(/\r?\n$/, '');
    if (plain === '') throw new UsageError('there is nothing on stdin');
    const sealed = sealForEnvironment(keyring, plain);
    terminal.result({ sealed, key_id: keyring.currentKeyId }, sealed);
  },
};

async function readStdin(): Promise<string> {
  const bytes = await buffer(process.stdin);
  if (bytes.length > maxSecretBytes) throw new UsageError(`a secret has at most ${maxSecretBytes} bytes`);
  return bytes.toString('utf8');
}
