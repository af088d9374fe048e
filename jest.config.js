const { availableParallelism } = require('node:os');

/** @type {import('jest').Config} */
module.exports = {
  testEnvironment: 'node',
  roots: ['<rootDir>/test'],
  testMatch: ['**/*.test.ts'],
  // Tests wait for conditions: this only ends one that has failed, on a machine that may be busy.
  testTimeout: 20_000,
  // Most of them wait for something else most of the time.
  maxWorkers: Math.ceil(1.5 * availableParallelism()),
  testPathIgnorePatterns: ['<rootDir>/test/flow/', '<rootDir>/test/faults/', '<rootDir>/test/slow/'],
  transform: {
    '^.+\\.[jt]sx?$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2023' }, module: { type: 'commonjs' } },
    ],
  },
  // Published as ES modules only; Jest's require() can't load those untransformed.
  transformIgnorePatterns: [
    '/node_modules/(?!(any-ascii|eventsource|eventsource-parser|intl-messageformat|temporal-polyfill|temporal-utils|@formatjs)/)',
  ],
  globalSetup: '<rootDir>/test/support/global-setup.ts',
  globalTeardown: '<rootDir>/test/support/global-teardown.ts',
};
