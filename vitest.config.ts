import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    include: ['spec/**/*.spec.ts'],
    typecheck: { enabled: false },
    testTimeout: 15_000,
    // Express answers unknown errors on stderr unless it is told that this is a test.
    env: { NODE_ENV: 'test' },
  },
})
