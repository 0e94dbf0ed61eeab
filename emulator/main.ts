/** The stand-alone emulator: `node emulator/main.ts --port 9000`. */
import { parseArgs } from 'node:util';
import { startEmulator } from './start.ts';

const usage = `Usage: node emulator/main.ts [OPTIONS]

  --port N        port to listen on (default 9000)
  --host ADDRESS  address to listen on (default 127.0.0.1)
  --data-dir DIR  folder that keeps the sheets; without it they are lost when the process ends
  --help          prints this text
`;
/** The exit codes of the service's command line: 1 failed, 2 wrong usage. */
const exitCodes = { failed: 1, usage: 2 } as const;

const options = readOptions();
if (options !== null) await run(options);

async function run({ port, host, dataDir }: { port: number; host: string; dataDir: string | null }): Promise<void> {
  const emulator = await startEmulator({ host, port, dataDir }).catch((error: unknown) =>
    fail(`The emulator cannot start: ${error instanceof Error ? error.message : String(error)}\n`, exitCodes.failed),
  );
  if (emulator === null) return;
  process.stdout.write(`The provider emulator answers at ${emulator.url}\n`);
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => {
      emulator.close().catch((error: unknown) => fail(`${String(error)}\n`, exitCodes.failed));
    });
  }
}

/** null if nothing is to be started; the reason has been printed. */
function readOptions(): { port: number; host: string; dataDir: string | null } | null {
  try {
    const { values } = parseArgs({
      options: {
        port: { type: 'string', default: '9000' },
        host: { type: 'string', default: '127.0.0.1' },
        'data-dir': { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    });
    if (values.help) {
      process.stdout.write(usage);
      return null;
    }
    const port = Number(values.port);
    if (!/^\d+$/.test(values.port) || port > 65_535) throw new Error('--port must be a whole number up to 65535');
    return { port, host: values.host, dataDir: values['data-dir'] ?? null };
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`, exitCodes.usage);
  }
}

function fail(text: string, exitCode: number): null {
  process.stderr.write(text);
  process.exitCode = exitCode;
  return null;
}
