const base = require('./jest.config.js');

/** The stories of test/flow, in a real browser against the built site. */
module.exports = {
  ...base,
  roots: ['<rootDir>/test/flow'],
  testPathIgnorePatterns: [],
  testTimeout: 30_000,
  // One browser at a time: two of them and their sites are more than two cores can keep in step.
  maxWorkers: 1,
};
