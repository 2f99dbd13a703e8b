import { fileURLToPath } from 'node:url'
import { defineConfig } from 'vitest/config'

export default defineConfig({
  // What stands in the README and in the example is run against the source, by the name that users write.
  resolve: {
    alias: [
      { find: /^express-trestle$/, replacement: fileURLToPath(new URL('lib/index.ts', import.meta.url)) },
      { find: /^express-trestle\/(\w+)$/, replacement: fileURLToPath(new URL('lib/$1.ts', import.meta.url)) },
    ],
  },
  test: {
    include: ['spec/**/*.spec.ts'],
    typecheck: { enabled: false },
    testTimeout: 15_000,
    // Express answers unknown errors on stderr unless it is told that this is a test.
    env: { NODE_ENV: 'test' },
  },
})
