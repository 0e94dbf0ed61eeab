/** The name and version that this build answers with, from package.json. */
import manifest from '../package.json' with { type: 'json' };

export const serviceName = 'integration-service';
export const version: string = manifest.version;
