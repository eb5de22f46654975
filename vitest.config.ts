import { defineConfig } from 'vitest/config'

const sourceConditions = ['@ringfold/source', 'node', 'import', 'module', 'default']

export default defineConfig({
  ssr: { resolve: { conditions: sourceConditions, externalConditions: sourceConditions } },
  test: {
    include: ['packages/*/**/*.test.ts', 'apps/*/src/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts'],
    exclude: ['**/node_modules/**', '**/dist/**'],
    execArgv: ['-C', '@ringfold/source'],
    maxWorkers: 2,
  },
})
