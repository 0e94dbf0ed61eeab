/**
 * Loaded before the service (`--import`) to measure the cost of its stages: the stages in BENCH_WITHOUT do nothing. It
 * wraps the factories when their modules are loaded, so that the service itself needs no switch.
 */
import { registerHooks } from 'node:module';
import { isStage, type Stage } from './stages.ts';

interface Wrapped {
  /** The end of the module's path. */
  readonly file: string;
  readonly factory: string;
  readonly isAsync?: boolean;
  /** Members that replace the part's own; `whole` is the part. */
  readonly members: string;
}

/** Text of a module that is removed or shortened. */
interface Replaced {
  readonly file: string;
  readonly from: RegExp;
  readonly to: string;
}

const commitStatement = '/src/storage/tables/commit-intake.ts';
const replacedByStage: Partial<Record<Stage, readonly Replaced[]>> = {
  digests: [
    { file: commitStatement, from: /,\s*\$\{rowDigest\} as digest\)/, to: ')' },
    { file: commitStatement, from: /,\s*new_batches as \([^`]*/, to: '' },
  ],
};

const wrappedByStage: Readonly<Record<Stage, readonly Wrapped[]>> = {
  digests: [],
  audit: [
    {
      file: '/src/intake/group-commit.ts',
      factory: 'createIntake',
      members: "record: async () => ({ duplicateOf: null, storedIn: 'database' }), addUsage() {}",
    },
  ],
  events: [
    { file: '/src/outbox/telemetry.ts', factory: 'createTelemetryPublisher', members: 'publishTelemetry() {}' },
    { file: '/src/outbox/relay.ts', factory: 'startOutboxRelay', isAsync: true, members: 'accept() {}' },
  ],
  cache: [
    {
      file: '/src/cache/response-cache.ts',
      factory: 'openResponseCache',
      isAsync: true,
      members:
        "findInMemory: () => null, share: (question, _mode, caller, work) => whole.share(question, 'off', caller, work), lookUp: (question, _mode, flight) => whole.lookUp(question, 'off', flight)",
    },
  ],
  limits: [
    {
      file: '/src/limits/rate-limiter.ts',
      factory: 'createRateLimiter',
      members: 'spend: async () => ({ granted: true, states: [] })',
    },
  ],
};

const off = (process.env.BENCH_WITHOUT ?? '').split(',').filter(isStage);
const wrapped = off.flatMap((stage) => wrappedByStage[stage]);
const replaced = off.flatMap((stage) => replacedByStage[stage] ?? []);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (loaded.source === undefined || loaded.source === null) return loaded;
    const ofFile = replaced.filter(({ file }) => url.endsWith(file));
    const found = wrapped.find(({ file }) => url.endsWith(file));
    if (found === undefined && ofFile.length === 0) return loaded;
    const source = ofFile.reduce(replace, loaded.source.toString());
    return { ...loaded, source: found === undefined ? source : wrap(source, found) };
  },
});

function replace(source: string, { file, from, to }: Replaced): string {
  if (!from.test(source)) throw new Error(`${file} has no match for ${from}, so it cannot be switched off`);
  return source.replace(from, to);
}

function wrap(source: string, { factory, isAsync, members, file }: Wrapped): string {
  const declaration = `export ${isAsync ? 'async ' : ''}function ${factory}(`;
  if (!source.includes(declaration)) throw new Error(`${file} has no ${factory}, so it cannot be switched off`);
  const made = isAsync ? `await whole${factory}(deps)` : `whole${factory}(deps)`;
  return `${source.replace(declaration, declaration.replace('export ', '').replace(factory, `whole${factory}`))}
export ${isAsync ? 'async ' : ''}function ${factory}(deps: any): ${isAsync ? 'Promise<any>' : 'any'} {
  const whole: any = ${made};
  return { ...whole, ${members} };
}
`;
}
