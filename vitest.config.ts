// One project per ring (docs/ARCHITECTURE.md, "Tests in rings"). Nothing here is a timed assertion:
// the time-outs only end what hangs.
import { defineConfig } from 'vitest/config';
import { SkipsReporter } from './test/support/skips-reporter.ts';

function ring(name: string, include: readonly string[], testTimeout: number) {
  const setupFiles = ['./test/support/fast-check-seed.ts'];
  return {
    test: { name, include: [...include], setupFiles, testTimeout, hookTimeout: testTimeout },
  };
}

export default defineConfig({
  test: {
    reporters: ['default', new SkipsReporter()],
    coverage: {
      provider: 'v8',
      include: ['services/core/**'],
      thresholds: { branches: 100 },
    },
    projects: [
      ring('house', ['test/*.test.ts'], 60_000),
      ring('unit', ['test/unit/**/*.test.ts'], 30_000),
      ring('contract', ['test/contract/**/*.test.ts'], 60_000),
      ring('flow', ['test/flow/**/*.test.ts'], 120_000),
      ring('wire', ['test/wire/**/*.test.ts'], 120_000),
      ring('system', ['test/system/**/*.test.ts'], 1_800_000),
    ],
  },
});
