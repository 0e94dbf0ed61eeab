/** The emulator by itself: `node emulator/main.ts --port 9000 [--host 127.0.0.1] [--data-dir DIR]`. */
import { parseArgs } from 'node:util';
import { startEmulator } from './start.ts';

const { values } = parseArgs({
  options: {
    port: { type: 'string', default: '9000' },
    host: { type: 'string', default: '127.0.0.1' },
    'data-dir': { type: 'string' },
  },
});

const emulator = await startEmulator({
  host: values.host,
  port: Number(values.port),
  dataDir: values['data-dir'] ?? null,
});
process.stdout.write(`The provider emulator answers at ${emulator.url}\n`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    emulator.close().catch((error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exitCode = 1;
    });
  });
}
