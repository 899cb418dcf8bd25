import { defineConfig } from 'vite';

export default defineConfig({
  // Relative addresses, so that the built page works under any path.
  base: './',
  build: { outDir: 'dist/site', license: { fileName: 'licenses.md' } },
  worker: { format: 'es' },
});
