// The parser knows `using` (our composition root's way to close what it opened), but the visitor that reads its tree does
// not, and would end with "Unknown statement type".
const { Visitor } = require('@swc/core/Visitor.js');
const visitStatement = Visitor.prototype.visitStatement;
Visitor.prototype.visitStatement = function visitUsingToo(statement) {
  if (statement.type !== 'UsingDeclaration') return visitStatement.call(this, statement);
  statement.decls = this.visitVariableDeclarators(statement.decls);
  return statement;
};

// Imports run one way. A room may import the rooms named after it here, itself, and the ground floor
// (errors, ids, clock, config types, logger); whatever is not named is refused.
const ground = '^src/(errors|ids|clock|config|config-variables|ip-range|logger|rounds|version|project-files)\\.ts$';
const rooms = {
  metrics: [],
  secrets: [],
  storage: ['secrets', 'metrics'],
  broker: ['metrics'],
  outbound: ['metrics'],
  audit: ['storage', 'metrics', 'secrets'],
  outbox: ['storage', 'broker', 'metrics'],
  intake: ['outbox', 'audit', 'storage', 'metrics', 'secrets'],
  directory: ['providers', 'outbox', 'intake', 'storage', 'secrets', 'metrics'],
  providers: ['outbound'],
  costs: ['directory', 'providers', 'outbox', 'storage', 'metrics'],
  health: ['directory', 'providers', 'outbound', 'intake', 'outbox', 'storage', 'metrics', 'audit'],
  gateway: [
    'costs',
    'health',
    'directory',
    'providers',
    'outbound',
    'intake',
    'outbox',
    'audit',
    'storage',
    'metrics',
    'broker',
  ],
  geocoding: ['gateway', 'directory', 'providers'],
  sheets: ['gateway', 'directory', 'providers', 'storage', 'intake', 'outbox', 'metrics', 'audit'],
  proxy: ['gateway', 'directory', 'providers', 'outbound', 'metrics'],
  webhooks: ['gateway', 'directory', 'outbound', 'intake', 'outbox', 'audit', 'storage', 'secrets', 'metrics'],
  http: [
    'geocoding',
    'sheets',
    'proxy',
    'webhooks',
    'gateway',
    'health',
    'costs',
    'directory',
    'providers',
    'outbox',
    'intake',
    'audit',
    'storage',
    'broker',
    'secrets',
    'metrics',
  ],
  cli: [
    'http',
    'geocoding',
    'sheets',
    'webhooks',
    'gateway',
    'health',
    'costs',
    'directory',
    'providers',
    'outbox',
    'intake',
    'audit',
    'storage',
    'broker',
    'secrets',
    'metrics',
  ],
};

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'emulator-stands-alone',
      comment:
        'The emulator speaks for the vendors: sharing our adapters would let both be wrong together. Places and versions are shared data.',
      severity: 'error',
      from: { path: '^emulator/' },
      to: { path: '^src/', pathNot: ['^src/providers/offline_gazetteer/', ground] },
    },
    {
      name: 'only-the-composition-starts-the-emulator',
      severity: 'error',
      from: { path: '^src/', pathNot: ['^src/open-providers\\.ts$', '\\.(test|bench)\\.ts$'] },
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
