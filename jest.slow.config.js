const base = require('./jest.config.js');

/** What takes its time: processes and servers that are started, frozen, killed and waited for, clients in other languages, patterns that are pumped, many passwords
 * and generated values, whole imports. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/slow'],
  testPathIgnorePatterns: [],
  testTimeout: 60_000,
  maxWorkers: 2,
};
