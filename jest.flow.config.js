const base = require('./jest.config.js');

/** The stories of test/flow, in a real browser against the built site. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/flow'],
  testPathIgnorePatterns: [],
  testTimeout: 30_000,
  // A browser with eight tabs and its site take two cores: two of them at once only wait for each other.
  maxWorkers: 1,
};
