import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

/** The command line as one file for Node; only the native `webgpu` package stays outside. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  publicDir: false,
  ssr: { noExternal: true, external: ['webgpu'] },
  build: {
    ssr: 'src/cli/main.ts',
    outDir: 'dist/cli',
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'inkling.mjs', codeSplitting: false } },
  },
});
