import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PRESET_NAMES } from '../../src/model/config.ts';
import { linkOf } from '../../src/ui/address-bar.ts';
import { type Link, readLink, writeLink } from '../../src/ui/link.ts';
import { PANELS } from '../../src/ui/panel-names.ts';
import { configOf, NOTHING_CHOSEN, settingsFrom, settingsOf } from '../../src/ui/settings.ts';
import { reduce } from '../../src/ui/store.ts';
import { LINK } from '../../src/ui/strings.ts';
import { initialView, type View } from '../../src/ui/view.ts';
import type { TextDescription } from '../../src/worker/messages.ts';
import { configs } from './configurations.ts';

const NOTHING: Link = { text: null, settings: NOTHING_CHOSEN, start: null, panel: 'train' };
const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 });
const sha256 = fc.stringMatching(/^[0-9a-f]{64}$/);
const products = fc.dictionary(
  fc
    .tuple(fc.constantFrom('NN', 'NT', 'TN'), fc.nat(9999), fc.nat(9999), fc.nat(9999))
    .map(([l, m, n, k]) => `${l} ${m}x${n}x${k}`),
  fc.constantFrom('register4', 'quad16', 'sliced4', 'shared128', 'splitMatrix128'),
  { noNullPrototype: true },
);
const links: fc.Arbitrary<Link> = fc
  .record({
    text: fc.oneof(
      fc.constant(null),
      fc.constantFrom('moby-dick', 'names').map((dataset) => ({ dataset: dataset as 'names' })),
      fc.record({ dataset: fc.constant(null), name, sha256 }),
    ),
    start: fc.option(name),
    panel: fc.constantFrom(...PANELS),
    config: configs,
    preset: fc.constantFrom(...PRESET_NAMES),
    computed: fc.option(fc.record({ on: name, products })),
  })
  .map(({ config, preset, computed, ...rest }) => ({
    ...rest,
    settings: { ...settingsFrom(config, preset), computed },
  }));

describe('a link', () => {
  it('says what was written, whatever that was', () => {
    fc.assert(
      fc.property(links, (link) => {
        const fragment = writeLink(link);
        expect(fragment).toMatch(/^[\w.~!*'()%:,;=&-]*$/); // nothing that a browser would change, or a sentence break off
        expect(readLink(fragment)).toEqual({ link, unread: [] });
        const { link: read } = readLink(fragment);
        expect(configOf(read.settings, 'small')).toEqual(configOf(link.settings, 'tiny'));
      }),
      { numRuns: 300 },
    );
  });

  it('holds only what differs, under names that can be read', () => {
    const settings = { ...NOTHING_CHOSEN, preset: 'tiny' as const, steps: 40, shape: { n_embd: 48, bias: false } };
    const link: Link = { ...NOTHING, settings: { ...settings, advanced: { learning_rate: 0.001 } }, panel: 'inside' };
    expect(writeLink(link)).toBe('preset=tiny&width=48&bias=no&steps=40&lr=0.001&panel=inside');
    expect(writeLink(NOTHING)).toBe('');
  });

  it('carries the kernels of a run in few letters', () => {
    const computed = {
      on: 'A GPU',
      products: { 'NT 48x96x32': 'quad16', 'NN 1x2x3': 'quad16', 'TN 9x9x9': 'sliced4' },
    };
    const fragment = writeLink({ ...NOTHING, settings: { ...NOTHING_CHOSEN, computed } });
    expect(fragment).toBe('adapter=A%20GPU&products=quad16:NT48x96x32,NN1x2x3;sliced4:TN9x9x9');
    expect(readLink(fragment).link.settings.computed).toEqual(computed);
  });
});

describe('a link from anybody', () => {
  it.each([
    'preset=huge',
    'layers=many',
    'layers=1e999',
    'layers=0x10',
    'layers=',
    'layers',
    'bias=maybe',
    'optimizer=__proto__',
    'text=__proto__',
    'text=toString',
    'panel=<img src=x onerror=alert(1)>',
    'constructor=1',
    '__proto__=1',
    'products=a:b',
    'products=quad16:NT1x1x1:2',
    'text_sha256=zz',
    'text_name=%E0%A4%A',
    `text_name=${'x'.repeat(201)}`,
    '%3Cscript%3E=1',
  ])('says nothing by %s, which is named', (part) => {
    expect(readLink(part)).toEqual({ link: NOTHING, unread: [part] });
    expect(readLink(`steps=7&${part}`)).toEqual({
      link: { ...NOTHING, settings: { ...NOTHING_CHOSEN, steps: 7 } },
      unread: [part],
    });
    expect(LINK.unread([part])).toMatch(/left out\.$/);
  });

  it('is read whatever it is: each part once, and nothing that is longer than any link', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), (fragment) => {
        const { link } = readLink(fragment);
        expect(Object.keys(link)).toEqual(Object.keys(NOTHING));
        expect(readLink(writeLink(link)).link).toEqual(link);
      }),
    );
    expect(readLink('steps=1&steps=2')).toMatchObject({ link: { settings: { steps: 1 } }, unread: ['steps=2'] });
    expect(readLink(`steps=1&${'x'.repeat(30_000)}`)).toMatchObject({ link: NOTHING, unread: [/…$/] });
    expect(({} as Record<string, unknown>).polluted).toBeUndefined();
  });

  it('may be out of range: the field says so', () => {
    const { link, unread } = readLink('layers=1000&dropout=-1');
    expect(unread).toEqual([]);
    expect(configOf(link.settings, 'tiny')).toMatchObject({ model: { n_layer: 1000 }, training: { dropout: -1 } });
  });
});

it('the address says what a link says of the kernels until its text is there, but not with another text', () => {
  const hash = 'ab'.repeat(32);
  const fragment = `text_name=mine.txt&text_sha256=${hash}&preset=tiny&adapter=A&products=quad16:NN1x2x3`;
  const read = readLink(fragment);
  expect(read.unread).toEqual([]);
  const opened = [{ kind: 'link-opened', read } as const, { kind: 'text-forgotten' } as const].reduce<View>(
    reduce,
    initialView(),
  );
  expect(writeLink(linkOf(opened))).toBe(fragment);
  const text = (sha256: string): TextDescription => ({
    name: 'mine.txt',
    characters: 9,
    vocab_size: 9,
    preview: '',
    dataset: null,
    sha256,
    opening: null,
  });
  const withText = (sha256: string) => linkOf(reduce(opened, { kind: 'text-loaded', text: text(sha256) }));
  expect(writeLink(withText(hash))).toBe(fragment);
  expect(withText('cd'.repeat(32)).settings.computed).toBeNull();
});

it('a run as a link is its whole configuration', () => {
  fc.assert(
    fc.property(configs, (config) => {
      const { link } = readLink(writeLink({ ...NOTHING, settings: settingsOf(config) }));
      expect(configOf(link.settings, 'nanogpt-gpu')).toEqual(config);
    }),
  );
});
