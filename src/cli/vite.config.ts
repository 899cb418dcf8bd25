import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';
import { minifyShaders } from '../../site/minify-shader.ts';
import { standalonePage } from '../../site/standalone-page.ts';

/** The command line as one file for Node; only the native `webgpu` package stays outside. */
export default defineConfig({
  root: fileURLToPath(new URL('../..', import.meta.url)),
  publicDir: false,
  plugins: [minifyShaders(), standalonePage()],
  ssr: { noExternal: true, external: ['webgpu'] },
  build: {
    ssr: 'src/cli/main.ts',
    outDir: 'dist/cli',
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'inkling.mjs', codeSplitting: false } },
  },
});
