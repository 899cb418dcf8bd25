import {
  ACTIVATIONS,
  type ConfigKey,
  OPTIMIZERS,
  PRECISIONS,
  PRESET_NAMES,
  type PresetName,
  preset,
  SCHEDULES,
} from '../model/config.ts';
import type { DatasetName } from '../worker/messages.ts';
import { PANELS, type PanelName } from './panel-names.ts';
import { type Computed, NOTHING_CHOSEN, type Settings, withChoice } from './settings.ts';
import { DATASETS } from './strings/settings.ts';

/** A text as a link names it: a person's own is too long for one, so that its name and its hash stand for it. */
export type LinkedText = { dataset: DatasetName } | { dataset: null; name: string; sha256: string };

/** All that a link can say. */
export interface Link {
  text: LinkedText | null;
  settings: Settings;
  /** Name of the weights that the run started from, which a link cannot carry. */
  start: string | null;
  panel: PanelName;
}

/** What a fragment says, and those of its parts that say nothing here, for a sentence. */
export interface ReadLink {
  link: Link;
  unread: string[];
}

/** Short names, those of the command line where it has some; all other options bear nanoGPT's. */
const SHORT: Partial<Record<ConfigKey, string>> = {
  n_layer: 'layers',
  n_head: 'heads',
  n_embd: 'width',
  n_inner: 'inner',
  block_size: 'context',
  max_iters: 'steps',
  batch_size: 'batch',
  gradient_accumulation_steps: 'accumulate',
  learning_rate: 'lr',
  grad_clip: 'clip',
};

const CHOICES: Partial<Record<ConfigKey, readonly string[]>> = {
  activation: ACTIVATIONS,
  optimizer: OPTIMIZERS,
  schedule: SCHEDULES,
  precision: PRECISIONS,
};

const { model, training } = preset('tiny');
const USUAL = { ...model, ...training } as Record<ConfigKey, unknown>;
const BY_NAME = new Map((Object.keys(USUAL) as ConfigKey[]).map((key) => [SHORT[key] ?? key, key]));

const SHA256 = /^[0-9a-f]{64}$/;
const DECIMAL = /^-?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;
const PRODUCT = /^[A-Z]{2}\d{1,9}x\d{1,9}x\d{1,9}$/;
const VARIANT = /^[a-z0-9]{1,20}$/i;
/** A longer fragment is not read: none that this page writes comes near it. */
const LONGEST = 20_000;
const LONGEST_NAME = 200;

/** The fragment of a link, without `#`. The same link gives the same fragment. */
export function writeLink({ text, settings, start, panel }: Link): string {
  const parts: [string, string][] = [];
  if (text !== null && text.dataset !== null) parts.push(['text', text.dataset]);
  else if (text !== null) parts.push(['text_name', text.name.slice(0, LONGEST_NAME)], ['text_sha256', text.sha256]);
  if (settings.preset !== null) parts.push(['preset', settings.preset]);
  for (const [name, key] of BY_NAME) {
    const value = chosenValue(settings, key);
    if (value !== undefined) parts.push([name, typeof value === 'boolean' ? (value ? 'yes' : 'no') : String(value)]);
  }
  if (start !== null) parts.push(['from', start.slice(0, LONGEST_NAME)]);
  if (settings.computed !== null) {
    parts.push(['adapter', settings.computed.on]);
    const products = writeProducts(settings.computed.products);
    if (products !== '') parts.push(['products', products]);
  }
  if (panel !== 'train') parts.push(['panel', panel]);
  return parts.map(([name, value]) => `${name}=${escaped(value)}`).join('&');
}

/** Characters that a fragment may hold as they are, and that part nothing here. */
function escaped(value: string): string {
  return encodeURIComponent(value.replace(/\p{Surrogate}/gu, '�')).replace(/%(3A|2C|3B)/g, decodeURIComponent);
}

function chosenValue({ steps, seed, shape, advanced }: Settings, key: ConfigKey): unknown {
  if (key === 'max_iters') return steps ?? undefined;
  if (key === 'seed') return seed ?? undefined;
  return { ...shape, ...advanced }[key];
}

/** Reads a fragment that anybody may have written: known names with sound values, each once, and nothing else. */
export function readLink(fragment: string): ReadLink {
  const unread: string[] = [];
  let link: Link = { text: null, settings: NOTHING_CHOSEN, start: null, panel: 'train' };
  if (fragment.length > LONGEST) return { link, unread: [`${fragment.slice(0, 40)}…`] };
  const own = new Map<string, string>();
  const seen = new Set<string>();
  for (const part of fragment.split('&').filter((part) => part !== '')) {
    const at = part.indexOf('=');
    const name = at < 0 ? part : part.slice(0, at);
    const value = at < 0 ? null : unescaped(part.slice(at + 1));
    const read = value === null || seen.has(name) ? null : readPart(link, own, name, value);
    seen.add(name);
    if (read === null) unread.push(part);
    else link = read;
  }
  const [name, sha256] = [own.get('text_name'), own.get('text_sha256')];
  if (sha256 !== undefined) link = { ...link, text: { dataset: null, name: name ?? '', sha256 } };
  else if (name !== undefined) unread.push(`text_name=${name}`);
  const on = own.get('adapter');
  if (on !== undefined) {
    const products = readProducts(own.get('products') ?? '') ?? {};
    link = { ...link, settings: { ...link.settings, computed: { on, products } } };
  }
  return { link, unread };
}

function unescaped(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}

/** The link with one part more; null where that says nothing. What takes two parts is collected in `own`. */
function readPart(link: Link, own: Map<string, string>, name: string, value: string): Link | null {
  const collect = (sound: boolean) => {
    if (sound) own.set(name, value);
    return sound ? link : null;
  };
  switch (name) {
    case 'text':
      return Object.hasOwn(DATASETS, value) ? { ...link, text: { dataset: value as DatasetName } } : null;
    case 'text_name':
      return collect(value.length <= LONGEST_NAME);
    case 'text_sha256':
      return collect(SHA256.test(value));
    case 'adapter':
      return collect(value !== '' && value.length <= LONGEST_NAME);
    case 'products':
      return collect(readProducts(value) !== null);
    case 'from':
      return value.length <= LONGEST_NAME ? { ...link, start: value } : null;
    case 'preset':
      return (PRESET_NAMES as readonly string[]).includes(value)
        ? { ...link, settings: { ...link.settings, preset: value as PresetName } }
        : null;
    case 'panel':
      return (PANELS as readonly string[]).includes(value) ? { ...link, panel: value as PanelName } : null;
    default: {
      const key = BY_NAME.get(name);
      const chosen = key && readValue(key, value);
      return chosen === undefined || key === undefined
        ? null
        : { ...link, settings: chosenIn(link.settings, key, chosen) };
    }
  }
}

/** Unlike a person's choice of an optimizer, that of a link leaves what it says of the rate as it is. */
function chosenIn(settings: Settings, key: ConfigKey, value: unknown): Settings {
  return key === 'optimizer'
    ? { ...settings, advanced: { ...settings.advanced, optimizer: value as (typeof OPTIMIZERS)[number] } }
    : withChoice(settings, key, value);
}

/** A value of the kind that the option has; a number may be out of its range, which its field then says. */
function readValue(key: ConfigKey, value: string): number | boolean | string | undefined {
  switch (typeof USUAL[key]) {
    case 'number': {
      const number = DECIMAL.test(value) ? Number(value) : Number.NaN;
      return Number.isFinite(number) ? number : undefined;
    }
    case 'boolean':
      return value === 'yes' ? true : value === 'no' ? false : undefined;
    default:
      return CHOICES[key]?.includes(value) ? value : undefined;
  }
}

/** `VARIANT:SHAPE,SHAPE;VARIANT:SHAPE`, a shape as `NT48x96x32`. */
function writeProducts(products: Computed['products']): string {
  const byVariant = new Map<string, string[]>();
  for (const [shape, variant] of Object.entries(products)) {
    byVariant.set(variant, [...(byVariant.get(variant) ?? []), shape.replace(' ', '')]);
  }
  return [...byVariant].map(([variant, shapes]) => `${variant}:${shapes.join(',')}`).join(';');
}

/** Null where it is not written so. */
function readProducts(value: string): Record<string, string> | null {
  const products: Record<string, string> = {};
  if (value === '') return products;
  for (const group of value.split(';')) {
    const [variant = '', shapes = '', more] = group.split(':');
    if (!VARIANT.test(variant) || more !== undefined) return null;
    for (const shape of shapes.split(',')) {
      if (!PRODUCT.test(shape)) return null;
      products[`${shape.slice(0, 2)} ${shape.slice(2)}`] = variant;
    }
  }
  return products;
}
