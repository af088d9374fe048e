const { globalSetup, globalTeardown, ...base } = require('./jest.config.js');

/** Breaks things under load: processes of their own, one suite after the other. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/faults'],
  testPathIgnorePatterns: [],
  testTimeout: 300_000,
  maxWorkers: 1,
};
