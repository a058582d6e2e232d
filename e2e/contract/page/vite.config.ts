/** Builds the contract's page into build/contract, as the app is built: the same plugins, policy, runtime and models. */
import { fileURLToPath } from "node:url";
import { defineConfig, mergeConfig } from "vite";
import app from "../../../vite.config.ts";

export default mergeConfig(app, defineConfig({
  root: fileURLToPath(new URL(".", import.meta.url)),
  build: { outDir: fileURLToPath(new URL("../../../build/contract", import.meta.url)), emptyOutDir: true },
}));
