import { fileURLToPath } from 'node:url';
import { playwright } from '@vitest/browser-playwright';
import { defineConfig } from 'vitest/config';
import { standalonePage } from './site/standalone-page.ts';
import { findChrome } from './src/cli/set-up.mjs';
import { firefox } from './tests/firefox.ts';

const chrome = await findChrome();

// INKLING_GPU=real runs the shader tests on the machine's own GPU instead of the processor. Headless Chrome on Linux
// gives its page a real GPU only over Vulkan.
const real = process.platform === 'linux' ? ['--use-angle=vulkan', '--enable-features=Vulkan'] : [];
const adapter = process.env.INKLING_GPU === 'real' ? real : ['--use-webgpu-adapter=swiftshader'];

// INKLING_FIREFOX=/usr/bin/firefox runs them, in `npm test -- --project gpu`, in that Firefox, whose WGSL compiler and WebGPU
// are others than Chrome's. Not in the whole run.
const provider = process.env.INKLING_FIREFOX
  ? firefox(process.env.INKLING_FIREFOX)
  : playwright({
      launchOptions: {
        ...(chrome ? { executablePath: chrome } : {}),
        args: ['--no-sandbox', '--enable-unsafe-webgpu', '--disable-background-networking', ...adapter],
      },
    });

// INKLING_DAWN=1 adds a project that runs them in Node over the package `webgpu`, on whatever Vulkan driver there is: for
// features that no browser at hand has, as `INKLING_DAWN=1 npx vitest run --project dawn tests/kernels/half`. What needs f16
// stands in files `*.f16.test.ts`, which only it and a real GPU take.
const dawn = {
  test: {
    name: 'dawn',
    include: ['tests/{kernels,graph,gpu,training,model}/**/*.{gpu,f16}.test.ts'],
    setupFiles: ['tests/dawn.setup.ts'],
    fileParallelism: false,
    testTimeout: 300_000,
    sequence: { groupOrder: 3 },
  },
};

export default defineConfig({
  test: {
    projects: [
      ...(process.env.INKLING_DAWN ? [dawn] : []),
      {
        plugins: [standalonePage()],
        test: {
          name: 'node',
          include: ['tests/**/*.test.ts'],
          exclude: ['tests/**/*.{gpu,f16,e2e}.test.ts'],
          testTimeout: 120_000,
          hookTimeout: 120_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        // Found while tests run, a package would be bundled then, and the page reloaded under them.
        optimizeDeps: {
          include: [
            '@huggingface/tokenizers',
            '@noble/hashes/sha2.js',
            '@noble/hashes/utils.js',
            'comlink',
            'fflate',
            'idb',
            'lit',
            'uplot',
          ],
        },
        plugins: [standalonePage()],
        // Examples import the library by its name; here that is its source.
        resolve: { alias: { inkling: fileURLToPath(new URL('src/index.ts', import.meta.url)) } },
        test: {
          name: 'gpu',
          fileParallelism: false,
          hookTimeout: 120_000,
          env: { INKLING_INTERRUPTIONS: process.env.INKLING_INTERRUPTIONS ?? '2' },
          include: [
            'tests/**/*.gpu.test.ts',
            ...(process.env.INKLING_GPU === 'real' ? ['tests/**/*.f16.test.ts'] : []),
          ],
          // All files in one page: they share a device, and so its compiled kernels.
          isolate: false,
          testTimeout: 120_000,
          sequence: { groupOrder: 1 },
          browser: {
            enabled: true,
            headless: true,
            screenshotFailures: false,
            instances: [{ browser: process.env.INKLING_FIREFOX ? 'firefox' : 'chromium' }],
            provider,
          },
        },
      },
      {
        test: {
          name: 'e2e',
          // Each file has a browser of its own, and so a software GPU, which takes a core; another lane has the other core.
          maxWorkers: 1,
          hookTimeout: 120_000,
          expect: { poll: { timeout: 30_000 } },
          include: ['tests/e2e/**/*.e2e.test.ts'],
          globalSetup: 'tests/e2e/build.ts',
          ...(chrome ? { env: { CHROME_PATH: chrome } } : {}),
          testTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
