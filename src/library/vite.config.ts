import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The library as one ES module, shaders included; `tsc -p src/library` writes its types. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  publicDir: false,
  build: {
    lib: { entry: 'src/index.ts', formats: ['es'], fileName: 'inkling' },
    outDir: 'dist/lib',
    emptyOutDir: false,
    target: 'es2023',
    minify: false,
  },
});
