import { openGPU } from '../src/cli/adapter.ts';

// Tests of shaders in Node, without a browser: what the package `webgpu` finds stands where a page has `navigator.gpu`.
Object.defineProperty(globalThis, 'navigator', {
  value: { gpu: await openGPU({ experimental: true }) },
  configurable: true,
});
