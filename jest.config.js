/** Unit tests stand beside the code; what touches PostgreSQL stands in test/. */
const shared = {
  testEnvironment: '<rootDir>/test/harness/environment.cjs',
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2022', parser: { syntax: 'typescript' } },
        module: { type: 'commonjs' },
        sourceMaps: 'inline',
      },
    ],
  },
  // Bundles and data folders hold nothing to look for tests in.
  modulePathIgnorePatterns: ['<rootDir>/bin/', '<rootDir>/\\.data/'],
}

module.exports = {
  // Two: what the smallest machine has, and each worker's programs and queries need some of it too.
  maxWorkers: 2,
  // For hooks too, of both projects: jest takes it from here only. A slow machine is late, not wrong.
  testTimeout: 60_000,
  testSequencer: '<rootDir>/test/harness/sequencer.cjs',
  projects: [
    {
      ...shared,
      displayName: 'unit',
      testMatch: ['<rootDir>/{cmd,config,internal,pkg,seeds,bench}/**/*.test.ts'],
    },
    {
      ...shared,
      displayName: 'postgres',
      testMatch: ['<rootDir>/test/**/*.test.ts'],
      globalSetup: '<rootDir>/test/harness/setup.ts',
      globalTeardown: '<rootDir>/test/harness/teardown.ts',
    },
  ],
}
