import { readdirSync, readFileSync } from 'node:fs';
import { posix } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

interface Import {
  /** As written. */
  specifier: string;
  /** Whether nothing of it is left when the types are stripped. */
  typeOnly: boolean;
}

/** What a layer may not import, and what of that it may still import as a type. */
interface Rule {
  forbidden: (target: string) => boolean;
  unlessType?: (target: string) => boolean;
}

const inLayers =
  (...layers: string[]) =>
  (target: string) =>
    layers.some((layer) => target.startsWith(`src/${layer}/`));

/** What of the model the page may compute with: configurations, and how many numbers they make. No tensors, no GPU. */
const COUNTING = new Set(['config', 'counts', 'parameters', 'published'].map((name) => `src/model/${name}.ts`));

const RULES: Record<string, Rule> = {
  gpu: { forbidden: (target) => target.startsWith('src/') && !target.startsWith('src/gpu/') },
  graph: { forbidden: (target) => target.startsWith('src/') && !inLayers('gpu', 'graph')(target) },
  model: { forbidden: inLayers('training', 'generation', 'storage', 'worker', 'ui', 'cli', 'library') },
  training: { forbidden: inLayers('storage', 'worker', 'ui', 'cli', 'library') },
  generation: { forbidden: inLayers('training', 'storage', 'worker', 'ui', 'cli', 'library') },
  text: { forbidden: inLayers('graph', 'training', 'generation', 'storage', 'worker', 'ui', 'cli', 'library') },
  formats: { forbidden: inLayers('storage', 'worker', 'ui', 'cli', 'library') },
  // Checkpoints and texts are bytes there: of the engine it knows the types of what a run tells.
  storage: {
    forbidden: (target) => target.startsWith('src/') && !inLayers('storage')(target) && target !== 'src/gpu/errors.ts',
    unlessType: (target) => target === 'src/training/trainer.ts' || target === 'src/model/config.ts',
  },
  worker: { forbidden: inLayers('ui', 'cli', 'library') },
  // A page of its own, which is small: what it takes from the engine it carries along.
  standalone: { forbidden: inLayers('formats', 'training', 'storage', 'worker', 'ui', 'cli', 'library') },
  ui: {
    forbidden: (target) =>
      inLayers('gpu', 'graph', 'training', 'generation', 'storage', 'cli', 'library')(target) ||
      (inLayers('formats')(target) && target !== 'src/formats/csv.ts') ||
      (inLayers('model')(target) && !COUNTING.has(target)) ||
      // characters.ts only names characters, in the words of the engine's own messages
      (inLayers('worker', 'text')(target) && !/\?worker(&url)?$/.test(target) && target !== 'src/text/characters.ts'),
    unlessType: (target) => inLayers('worker', 'text')(target) || target === 'src/gpu/errors.ts',
  },
  library: { forbidden: inLayers('storage', 'worker', 'ui', 'cli') },
  index: { forbidden: inLayers('storage', 'worker', 'ui', 'cli') },
  cli: { forbidden: inLayers('storage', 'ui', 'library') },
};

/** Every static and dynamic import and re-export of a module, comments left out. */
function importsOf(source: string): Import[] {
  const code = source.replace(/\/\*[\s\S]*?\*\//g, '').replace(/(^|\s)\/\/.*$/gm, '$1');
  const found: Import[] = [];
  for (const [, clause = '', specifier] of code.matchAll(
    /\b(?:import|export)\b([^'";()]*?)\bfrom\s*['"]([^'"]+)['"]/g,
  )) {
    const names = /^\s*\{([^}]*)\}\s*$/
      .exec(clause)?.[1]
      ?.split(',')
      .map((name) => name.trim());
    const inline = names?.every((name) => name === '' || name.startsWith('type ')) ?? false;
    found.push({ specifier: specifier!, typeOnly: /^\s*type\b/.test(clause) || inline });
  }
  for (const [, specifier] of code.matchAll(/\bimport\s*\(?\s*['"]([^'"]+)['"]/g)) {
    found.push({ specifier: specifier!, typeOnly: false });
  }
  return found;
}

/** The imports of one file in `src/` that the architecture forbids, in words. */
function violations(file: string, source: string): string[] {
  const layer = /^src\/(\w+)(?:\/|\.ts$)/.exec(file)?.[1];
  const rule = layer === undefined ? undefined : RULES[layer];
  if (!rule) return [`${file} stands in no layer that this test knows`];
  return importsOf(source).flatMap(({ specifier, typeOnly }) => {
    const target = specifier.startsWith('.') ? posix.join(posix.dirname(file), specifier) : specifier;
    const allowed = typeOnly && rule.unlessType?.(target);
    const why =
      (rule.forbidden(target) && !allowed) ||
      target.startsWith('tests/') ||
      (layer !== 'cli' && target.startsWith('node:') && !file.endsWith('/vite.config.ts'));
    return why ? [`${file} imports ${specifier}`] : [];
  });
}

const sources = readdirSync(`${ROOT}/src`, { recursive: true, encoding: 'utf8' })
  .map((path) => `src/${path.replaceAll('\\', '/')}`)
  .filter((path) => /(?<!\.d)\.m?[jt]s$/.test(path))
  .sort();

const read = (file: string) => readFileSync(`${ROOT}/${file}`, 'utf8');

test('no module imports what its layer must not know', () => {
  expect(sources.length).toBeGreaterThan(0);
  expect(sources.flatMap((file) => violations(file, read(file)))).toEqual([]);
});

test('the engine gets its GPU from outside', () => {
  const engine = sources.filter((file) => /^src\/(gpu|graph|model|training|generation|library)\//.test(file));
  const code = (file: string) => read(file).replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  const reaching = engine.filter((file) => /(?<![\w.'/])(navigator|window|document)\s*[.?[]/.test(code(file)));
  expect(reaching).toEqual([]);
});

describe('the check itself', () => {
  test.each([
    ['src/gpu/a.ts', "import { Graph } from '../graph/graph.ts';"],
    ['src/gpu/a.ts', "import type { GPTConfig } from '../model/config.ts';"],
    ['src/graph/operators/a.ts', "export { x } from '../../model/config.ts';"],
    ['src/model/a.ts', "import {\n  type A,\n  b,\n} from '../training/trainer.ts';"],
    ['src/training/a.ts', "const x = await import('../worker/session.ts');"],
    ['src/ui/a.ts', "import '../gpu/device.ts';"],
    ['src/ui/a.ts', "import type { Tensor } from '../graph/tensor.ts';"],
    ['src/ui/a.ts', "import { session } from '../worker/session.ts';"],
    ['src/training/a.ts', "import { RunStore } from '../storage/run-store.ts';"],
    ['src/storage/a.ts', "import { decodeCheckpoint } from '../training/checkpoint.ts';"],
    ['src/ui/a.ts', "import type { RunRecord } from '../storage/database.ts';"],
    ['src/worker/a.ts', "import { readFile } from 'node:fs/promises';"],
    ['src/cli/a.ts', "import { Random } from '../../tests/reference/arrays.ts';"],
    ['src/other/a.ts', ''],
  ])('catches %s: %s', (file, source) => {
    expect(violations(file, source)).toHaveLength(1);
  });

  test.each([
    ['src/gpu/a.ts', "import { b } from './b.ts';\nimport source from '../../shaders/a.wgsl?raw';"],
    [
      'src/graph/operators/a.ts',
      "import { fold } from '../../gpu/recording.ts';\nimport { Graph } from '../graph.ts';",
    ],
    ['src/ui/a.ts', "import { type Result, type Phase } from '../worker/messages.ts';\nimport { html } from 'lit';"],
    ['src/ui/a.ts', "import { preset } from '../model/config.ts';\n// import { x } from '../gpu/device.ts';"],
    ['src/ui/a.ts', "import SessionWorker from '../worker/session.ts?worker';"],
    ['src/ui/a.ts', "import address from '../worker/session.ts?worker&url';"],
    ['src/cli/a.ts', "import { readFile } from 'node:fs/promises';"],
  ])('allows %s: %s', (file, source) => {
    expect(violations(file, source)).toEqual([]);
  });
});
