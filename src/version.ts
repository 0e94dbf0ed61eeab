/** The name and version of this build, from package.json. */
import manifest from '../package.json' with { type: 'json' };

export const serviceName = 'integration-service';
export const version: string = manifest.version;
