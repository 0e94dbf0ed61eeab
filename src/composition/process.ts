/** The process: reads the configuration, starts the service, and stops it on SIGTERM or SIGINT. */
import { ConfigError, parseConfig } from '../config/config.ts';
import { readEnvFile } from '../config/env-file.ts';
import { useCompileCache } from '../files/compile-cache.ts';
import { isBundle } from '../files/project-files.ts';
import { createLogger, type Logger } from '../logger.ts';
import type { Service } from './start.ts';

/** After SIGTERM, calls in progress get this long to finish; then the process exits. */
const shutdownDeadlineMs = 10_000;
/** After that deadline, stores get this long to write what they hold. */
const forcedExitMs = 5_000;

/** Resolves when the service is ready. Ends the process if it cannot start. */
export async function startProcess(): Promise<void> {
  const { config, hasEnvFile } = readConfig();
  const logger = createLogger(config.logLevel);
  if (hasEnvFile) logger.info({ file: '.env' }, 'read variables from .env; the environment takes precedence');
  process.on('unhandledRejection', (error) => logger.error({ err: error }, 'unhandled promise rejection'));

  let isStopping = false;
  let service: Service | null = null;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      // A second signal exits at once.
      if (isStopping) process.exit(130);
      isStopping = true;
      logger.info({ signal }, 'stopping');
      if (service !== null) void stop(service, logger);
    });
  }

  try {
    // The bundle has all its modules by now (src/bundle/load-program.ts).
    if (!isBundle) useCompileCache(config.dataDir);
    // Imported only now, because modules imported before this point are compiled at every start.
    const { startService } = await import('./start.ts');
    service = await startService(config, logger);
  } catch (error) {
    if (error instanceof ConfigError) {
      process.stderr.write(`${error.message}\n`);
    } else {
      logger.fatal({ err: error }, 'could not start the service');
      process.stderr.write(`The service cannot start: ${error instanceof Error ? error.message : String(error)}\n`);
    }
    await flush(logger);
    process.exit(1);
  }
  if (isStopping) await stop(service, logger);
  else if (!config.production) {
    const { bannerOf } = await import('./banner.ts');
    process.stdout.write(bannerOf(config, service));
  }
  logger.info({ url: service.url, emulated: service.emulatedProviders }, 'ready');
}

async function stop(running: Service, logger: Logger): Promise<void> {
  setTimeout(() => process.exit(1), shutdownDeadlineMs + forcedExitMs).unref();
  try {
    await running.close(shutdownDeadlineMs);
    logger.info('stopped');
    await flush(logger);
    process.exit(0);
  } catch (error) {
    logger.error({ err: error }, 'could not close a part at shutdown');
    await flush(logger);
    process.exit(1);
  }
}

function readConfig() {
  try {
    const hasEnvFile = readEnvFile();
    return { hasEnvFile, config: parseConfig(process.env) };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exit(1);
  }
}

function flush(logger: Logger): Promise<void> {
  return new Promise((resolve) => {
    logger.flush(() => resolve());
  });
}
