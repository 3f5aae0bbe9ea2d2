import { defineConfig } from 'vitest/config';

/** One project per room of the repo, so that `vitest --project bench` runs that room alone. */
const project = (name: string, include: string) => ({
  extends: true as const,
  test: { name, include: [include] },
});

export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    // Real processes on a machine that others may use, too: one more chance there, none at home.
    retry: process.env['CI'] === 'true' ? 1 : 0,
    testTimeout: 30_000,
    hookTimeout: 30_000,
    reporters: ['default'],
    projects: [
      project('runtime', 'packages/runtime/test/**/*.test.ts'),
      project('cloister', 'packages/cloister/test/**/*.test.ts'),
      project('examples', 'examples/**/*.test.ts'),
      project('conformance', 'conformance/**/*.test.ts'),
      project('bench', 'bench/**/*.test.ts'),
      project('chaos', 'chaos/**/*.test.ts'),
    ],
  },
});
