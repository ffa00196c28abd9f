// Says at the end of a run what was skipped, by name: a skip that scrolls by is a skip nobody sees.
import type { Reporter, TestModule } from 'vitest/node';

export class SkipsReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const skipped = modules.flatMap((module) =>
      [...module.children.allTests('skipped')].map(
        (test) => `  ${module.relativeModuleId} > ${test.fullName}`,
      ),
    );
    if (skipped.length === 0) return;
    console.log(`\nSKIPPED, ${skipped.length} in all (README.md, "Tests", says what they need):`);
    for (const line of skipped) console.log(line);
  }
}
