import { defineConfig } from 'vite';
import { minifyShaders } from './site/minify-shader.ts';
import { offline } from './site/offline.ts';
import { securityPolicy } from './site/security-policy.ts';
import { standalonePage } from './site/standalone-page.ts';

export default defineConfig({
  // Relative addresses, so that the built page works under any path.
  base: './',
  build: { outDir: 'dist/site', license: { fileName: 'licenses.md' } },
  plugins: [minifyShaders(), securityPolicy(), offline(), standalonePage()],
  worker: { format: 'es', plugins: () => [minifyShaders(), standalonePage()] },
});
