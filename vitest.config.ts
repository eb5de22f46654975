import { defineConfig } from 'vitest/config'

const conditions = ['@ringfold/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  ssr: { resolve: { conditions, externalConditions: conditions } },
  test: {
    // Workers resolve our packages from source, as every command in this repository does.
    execArgv: ['-C', '@ringfold/source'],
    // Only test files go through Vite. The code under test is loaded by Node itself: it is then the same module however
    // it is imported, and hot loops across modules run at full speed (about a third of it through Vite's module runner).
    server: { deps: { external: [/\/(packages|apps|guests|tools|bench|conformance)\/(?!.*\.test\.ts$).*\.ts$/] } },
    // For the same reason watch mode cannot see which tests a source file concerns: rerun them all.
    forceRerunTriggers: ['**/{packages,apps,guests,tools,bench,conformance}/**/*.ts', '**/package.json'],
    maxWorkers: 2,
    projects: [
      {
        extends: true,
        test: {
          name: 'source',
          // Nothing here is a measurement: the limit only ends what hangs, on slow machines too.
          testTimeout: 60_000,
          include: ['{packages,apps,guests,tools,bench,conformance}/**/*.test.ts'],
          exclude: ['**/node_modules/**', '**/dist/**'],
        },
      },
      {
        extends: true,
        test: {
          name: 'packed',
          include: ['tests/packed/**/*.test.ts'],
          exclude: ['**/node_modules/**'],
          globalSetup: 'tests/packed/pack.ts',
          testTimeout: 120_000,
          hookTimeout: 120_000,
        },
      },
    ],
  },
})
