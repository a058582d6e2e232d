/** Unit tests: in Node, no browser. */
import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    environment: "node",
    include: ["{probes,workers,models,src,tools,e2e/unit}/**/*.test.ts"],
    // Two shared cores: a test that takes a second alone may take ten.
    testTimeout: 30_000,
    hookTimeout: 60_000,
    maxWorkers: 2,
  },
});
