// The parser knows `using` (with which the composition root closes what it opened), but the visitor of its tree does
// not, and would fail with "Unknown statement type".
const { Visitor } = require('@swc/core/Visitor.js');
const visitStatement = Visitor.prototype.visitStatement;
Visitor.prototype.visitStatement = function visitUsingToo(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

// Imports run one way. A folder of `src` may import itself, the folders listed here, and the common modules
// (errors, ids, clock, logger, encodings/, files/); all other imports are refused.
const ground =
  '^src/(encodings/|files/|(errors|ids|clock|logger|ip-range|rounds|version|bounded-map|distance|known-members|schema-parts|remembered)\\.ts$)';
const rooms = {
  config: ['providers'],
  resilience: [],
  metrics: [],
  secrets: ['config'],
  storage: [],
  broker: [],
  outbound: ['resilience'],
  providers: ['outbound'],
  audit: ['secrets', 'storage'],
  outbox: ['broker', 'storage'],
  intake: ['audit', 'outbox', 'secrets', 'storage'],
  directory: ['config', 'outbox', 'providers', 'secrets', 'storage'],
  costs: ['directory', 'limits', 'metrics', 'outbox', 'providers', 'storage'],
  health: ['audit', 'directory', 'intake', 'limits', 'metrics', 'outbound', 'outbox', 'providers', 'storage'],
  limits: ['directory', 'metrics', 'providers', 'storage'],
  cache: ['intake', 'resilience', 'storage'],
  gateway: [
    'audit',
    'cache',
    'costs',
    'directory',
    'intake',
    'limits',
    'metrics',
    'outbound',
    'outbox',
    'providers',
    'resilience',
    'storage',
  ],
  geocoding: ['directory', 'gateway', 'providers', 'storage'],
  sheets: ['cache', 'directory', 'gateway', 'limits', 'providers', 'resilience', 'storage'],
  proxy: ['cache', 'directory', 'gateway', 'providers'],
  alerts: ['directory', 'health', 'metrics', 'outbound', 'storage', 'webhooks'],
  webhooks: ['audit', 'directory', 'intake', 'limits', 'metrics', 'outbound', 'outbox', 'secrets', 'storage'],
  http: [
    'audit',
    'broker',
    'cache',
    'config',
    'costs',
    'directory',
    'gateway',
    'geocoding',
    'health',
    'intake',
    'limits',
    'metrics',
    'outbox',
    'providers',
    'proxy',
    'secrets',
    'sheets',
    'storage',
    'webhooks',
  ],
  cli: ['audit', 'config', 'directory', 'http', 'outbound', 'outbox', 'secrets', 'storage'],
};

module.exports = {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Type imports count too: a folder that needs the types of another one depends on it.',
      severity: 'error',
      from: {},
      to: { circular: true },
    },
    {
      name: 'emulator-stands-alone',
      comment:
        'The emulator imitates the vendors: with shared adapters one mistake could hide in both. Places and versions are shared data.',
      severity: 'error',
      from: { path: '^emulator/' },
      to: { path: '^src/', pathNot: ['^src/providers/offline_gazetteer/', ground] },
    },
    {
      name: 'only-the-composition-starts-the-emulator',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/composition/providers\\.ts$', '\\.(test|bench)\\.ts$'] },
      to: { path: '^emulator/' },
    },
    {
      name: 'nothing-imports-tests',
      severity: 'error',
      from: { path: '^(src|emulator)/', pathNot: '\\.(test|bench)\\.ts$' },
      to: { path: '^(test|bench)/' },
    },
    ...Object.entries(rooms).map(([room, below]) => ({
      name: `imports-of-${room}`,
      severity: 'error',
      from: { path: `^src/${room}/`, pathNot: '\\.(test|bench)\\.ts$' },
      to: { path: '^src/', pathNot: [`^src/(${[room, ...below].join('|')})/`, ground] },
    })),
    {
      name: 'the-ground-floor-stands-on-nothing',
      severity: 'error',
      from: { path: ground },
      to: { path: '^src/', pathNot: ground },
    },
  ],
  options: {
    parser: 'swc',
    doNotFollow: { path: 'node_modules' },
    enhancedResolveOptions: { extensions: ['.ts', '.js', '.json'] },
  },
};
