import { expect, test } from 'vitest';
import { minifyShader } from '../../site/minify-shader.ts';
import { standaloneTemplate } from '../../site/standalone-page.ts';
import { encodeStandalone } from '../../src/formats/standalone.ts';
import { specialise } from '../../src/gpu/kernel.ts';
import { preset } from '../../src/model/config.ts';
import { layoutOf } from '../../src/model/parameters.ts';
import { quantize } from '../../src/model/quantization.ts';
import type { StandaloneModel } from '../../src/standalone/model.ts';
import { CharacterTokenizer } from '../../src/text/tokenizer.ts';
import { bytePairModel, randomModel } from '../formats/models.ts';

const template = await standaloneTemplate();
const FACTS = { text: 'A text', steps: 10, val_loss: 2.3456, prompt: '</script><script>' };

/** The page as a built command line or site writes it, whose shaders are minified, and what it holds. */
function pageOf(
  model: Parameters<typeof encodeStandalone>[1],
  bits: 32 | 8 | 4,
): { page: string; held: StandaloneModel } {
  const written = new TextDecoder().decode(encodeStandalone(template, model, bits, FACTS));
  const json = /<script id="model" type="application\/json">(.*?)<\/script>/s.exec(written)![1]!;
  const held: StandaloneModel = JSON.parse(json);
  const small = { ...held, decoder: { ...held.decoder, sources: held.decoder.sources.map(minifyShader) } };
  return { page: written.replace(json, () => JSON.stringify(small).replaceAll('<', '\\u003c')), held };
}

test.each(['tiny', 'nanogpt-gpu'] as const)('all but the weights of a %s model take less than 60 kB', (name) => {
  const { vocabulary, vocab_size } = CharacterTokenizer.from(
    Array.from({ length: 96 }, (_, i) => String.fromCharCode(32 + i)).join(''),
  );
  const model = { ...preset(name).model, vocab_size };
  const parameters = new Float32Array(layoutOf(model).bytes / 4).fill(0.01);
  for (const bits of name === 'tiny' ? ([8, 4, 32] as const) : ([8] as const)) {
    const { page, held } = pageOf({ model, vocabulary, parameters }, bits);
    expect(new TextEncoder().encode(page).length - held.weights.length).toBeLessThan(60_000);
    const bytes = bits === 32 ? 4 * layoutOf(model).count : quantize(layoutOf(model), parameters, bits).layout.stored;
    expect(held.weights).toHaveLength(4 * Math.ceil(bytes / 3)); // not a byte of padding
  }
});

test('the page reaches nothing, and what a model is called cannot become a script', () => {
  const { page, held } = pageOf(randomModel(), 8);
  const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page)!;
  expect(policy).toMatch(
    /^default-src 'none'; script-src 'sha256-[^']+'; style-src 'sha256-[^']+'; base-uri 'none'; form-action 'none'$/,
  );
  expect(page.match(/<script/g)).toHaveLength(2);
  expect(held.prompt).toBe(FACTS.prompt);
  expect(page).not.toMatch(/https?:\/\//);
});

test('sources that were narrowed mean what they meant, for every kernel of it', () => {
  for (const bits of [32, 4] as const) {
    const { held } = pageOf(randomModel({ tied: false, activation: 'gelu' }), bits);
    const { sources, kernels } = held.decoder;
    for (const [source, entry, constants] of kernels) {
      const code = minifyShader(specialise({ source: sources[source]!, entry, constants }));
      expect(code).toContain(`fn ${entry}(`);
      expect(code).not.toMatch(/fn \w+_backward|#if/);
      expect(code.split('{').length).toBe(code.split('}').length);
    }
  }
});

test('a model whose tokens are more than a character is refused', () => {
  expect(() => encodeStandalone(template, bytePairModel(), 8, FACTS)).toThrow(/tokens are more than a character/);
});
