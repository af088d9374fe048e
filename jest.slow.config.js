const base = require('./jest.config.js');

/** What takes its time: processes that are started, killed and waited for, clients in other languages, patterns that are pumped. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/slow'],
  testPathIgnorePatterns: [],
  testTimeout: 60_000,
  maxWorkers: 1,
};
