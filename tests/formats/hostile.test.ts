import { expect, test } from 'vitest';
import { huggingFaceFiles } from '../../src/formats/huggingface/export.ts';
import { importHuggingFace } from '../../src/formats/huggingface/import.ts';
import { readZip, writeZip } from '../../src/formats/zip.ts';
import { InklingError } from '../../src/gpu/errors.ts';
import { END_OF_TEXT } from '../../src/text/tokenizer.ts';
import { encodeCheckpoint, startingCheckpoint } from '../../src/training/checkpoint.ts';
import { readModelFile } from '../../src/training/model-file.ts';
import { Random } from '../reference/arrays.ts';
import { archive } from './archive.ts';
import { randomModel } from './models.ts';

type Bytes = Uint8Array<ArrayBuffer>;
type Mutation = (bytes: Bytes, random: Random) => Bytes;

/** Of each kind of file. */
const MUTATIONS = Number(process.env.INKLING_MUTATIONS ?? 200);
/** Milliseconds that no file may take, however it is made. */
const LIMIT = 3000;

const utf8 = (text: string) => new TextEncoder().encode(text);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const pick = <T>(random: Random, list: readonly T[]): T => list[random.below(list.length)]!;

const truncate: Mutation = (bytes, random) => bytes.slice(0, random.below(bytes.length));
const extend: Mutation = (bytes, random) => {
  const longer = new Uint8Array(bytes.length + 1 + random.below(40));
  longer.set(bytes);
  return longer;
};
const flip =
  (from: number, to: number): Mutation =>
  (bytes, random) => {
    const changed = bytes.slice();
    changed[from + random.below(to - from)]! ^= 1 << random.below(8);
    return changed;
  };

/** What may stand in JSON where something else should. */
const WRONG = [null, -1, 0.5, 1e300, 2 ** 53, '', 'F32', [], {}, [[]], true, '__proto__', '../x', 'NaN'];

/** Replaces one value, at any depth, by a wrong one; or leaves it out. */
function changeJson(value: unknown, random: Random): unknown {
  const copy = structuredClone(value);
  const places: [holder: Record<string, unknown>, key: string][] = [];
  const walk = (holder: unknown) => {
    if (typeof holder !== 'object' || holder === null) return;
    for (const key of Object.keys(holder)) {
      places.push([holder as Record<string, unknown>, key]);
      walk((holder as Record<string, unknown>)[key]);
    }
  };
  walk(copy);
  const [holder, key] = pick(random, places);
  const before = JSON.stringify(holder[key]);
  const wrong = pick(
    random,
    WRONG.filter((other) => JSON.stringify(other) !== before),
  );
  if (random.uniform() < 0.2 && !Array.isArray(holder)) delete holder[key];
  else holder[key] = wrong;
  return copy;
}

/** Says one key of an object twice. */
function repeatKey(json: string, random: Random): string {
  const keys = [...json.matchAll(/[{,]("(?:[^"\\]|\\.)*"):/g)];
  const { index, 1: key } = pick(random, keys);
  return `${json.slice(0, index + 1)}${key}:null,${json.slice(index + 1)}`;
}

interface Parts {
  header: Record<string, Record<string, unknown>>;
  data: Bytes;
}

function splitSafetensors(bytes: Bytes): Parts {
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  return { header: JSON.parse(text(bytes.subarray(8, 8 + length))), data: bytes.slice(8 + length) };
}

function joinSafetensors(header: unknown, data: Bytes, stated?: bigint): Bytes {
  const json = utf8(typeof header === 'string' ? header : JSON.stringify(header));
  const bytes = new Uint8Array(8 + json.length + data.length);
  new DataView(bytes.buffer).setBigUint64(0, stated ?? BigInt(json.length), true);
  bytes.set(json, 8);
  bytes.set(data, 8 + json.length);
  return bytes;
}

const SAFETENSORS: Record<string, Mutation> = {
  truncate,
  extend,
  'header length': (bytes, random) => {
    const changed = bytes.slice();
    const length = pick(random, [0n, 1n, 2n ** 31n, 2n ** 40n, 2n ** 64n - 1n, BigInt(random.below(bytes.length))]);
    new DataView(changed.buffer).setBigUint64(0, length, true);
    return changed;
  },
  'header value': (bytes, random) => {
    const { header, data } = splitSafetensors(bytes);
    const { __metadata__, ...tensors } = header;
    return joinSafetensors({ __metadata__, ...(changeJson(tensors, random) as object) }, data);
  },
  'duplicate key': (bytes, random) => {
    const { header, data } = splitSafetensors(bytes);
    return joinSafetensors(repeatKey(JSON.stringify(header), random), data);
  },
  'overlapping offsets': (bytes, random) => {
    const { header, data } = splitSafetensors(bytes);
    const entries = Object.entries(header).filter(([name]) => name !== '__metadata__');
    const [, one] = pick(random, entries);
    const [, other] = pick(
      random,
      entries.filter(([, entry]) => entry !== one),
    );
    one.data_offsets = other.data_offsets;
    return joinSafetensors(header, data);
  },
  'swapped tensors': (bytes, random) => {
    const { header, data } = splitSafetensors(bytes);
    const names = Object.keys(header).filter((name) => name !== '__metadata__');
    const one = pick(random, names);
    const other = pick(
      random,
      names.filter((name) => String(header[name]!.shape) !== String(header[one]!.shape)),
    );
    return joinSafetensors({ ...header, [one]: header[other], [other]: header[one] }, data);
  },
  'not finite': (bytes, random) => {
    const { header, data } = splitSafetensors(bytes);
    const at = 4 * random.below(data.length / 4);
    new DataView(data.buffer).setFloat32(at, pick(random, [Number.NaN, Number.POSITIVE_INFINITY, -1 / 0]), true);
    return joinSafetensors(header, data);
  },
  'another weight': (bytes, random) => {
    const { data } = splitSafetensors(bytes);
    return flip(bytes.length - data.length, bytes.length)(bytes, random);
  },
};

const TOKENIZER: Record<string, Mutation> = {
  truncate,
  'a bit': (bytes, random) => flip(0, bytes.length)(bytes, random),
  'a value': (bytes, random) => {
    const { model, added_tokens, ...rest } = JSON.parse(text(bytes));
    const part = pick(random, ['vocab', 'model', 'added'] as const);
    // Without its end token it would be the same tokenizer: that one is an added token too.
    const { [END_OF_TEXT]: end, ...characters } = model.vocab;
    const changedVocab = { ...(changeJson(characters, random) as object), [END_OF_TEXT]: end };
    const vocab = part === 'vocab' ? changedVocab : model.vocab;
    // What the library reads as absent (null, false, an empty word) may stand where it stood.
    const changed =
      part === 'model'
        ? { ...model, [pick(random, ['type', 'vocab', 'merges'])]: pick(random, [7, 'x', null]) }
        : { ...model, vocab };
    const added =
      part === 'added'
        ? [{ ...added_tokens[0], [pick(random, ['id', 'content'])]: pick(random, WRONG) }]
        : added_tokens;
    return utf8(JSON.stringify({ ...rest, added_tokens: added, model: changed }));
  },
  'duplicate key': (bytes, random) => utf8(repeatKey(text(bytes), random)),
  'the same id twice': (bytes, random) => {
    const file = JSON.parse(text(bytes));
    const keys = Object.keys(file.model.vocab);
    const one = pick(random, keys);
    file.model.vocab[one] = (file.model.vocab[one] + 1) % keys.length;
    return utf8(JSON.stringify(file));
  },
  'a character more or less': (bytes, random) => {
    const file = JSON.parse(text(bytes));
    const keys = Object.keys(file.model.vocab);
    // without its end token it would be the same tokenizer: that one is an added token too
    if (random.uniform() < 0.5) file.model.vocab['\u0416'] = keys.length;
    else delete file.model.vocab[pick(random, keys.slice(0, -1))];
    return utf8(JSON.stringify(file));
  },
  'another character': (bytes, random) => {
    const file = JSON.parse(text(bytes));
    const one = pick(random, Object.keys(file.model.vocab).slice(0, -1));
    file.model.vocab[String.fromCodePoint(0x400 + random.below(200))] = file.model.vocab[one];
    delete file.model.vocab[one];
    return utf8(JSON.stringify(file));
  },
  'merges of nothing': (bytes, random) => {
    const file = JSON.parse(text(bytes));
    file.model.merges = pick(random, [['a'], [['a', 'b', 'c']], ['q q'], [[1, 2]], 'a b', [['', 'a']]]);
    return utf8(JSON.stringify(file));
  },
  deep: (_, random) => utf8('['.repeat(50_000 + random.below(50_000))),
};

/** Sound content under a wrong name, in a wrong place, or of a wrong size. */
const entriesOf = (bytes: Bytes) => [...readZip(bytes)].map(([name, content]) => ({ name, content }));
const ZIP: Record<string, Mutation> = {
  truncate,
  extend,
  'a bit of the content': (bytes, random) => {
    const at = text(bytes.slice(0, 300)).indexOf('README.md') + 60;
    return flip(at, at + 300)(bytes, random);
  },
  'a bit of a size, checksum or place': (bytes, random) => {
    const places: number[] = [];
    const data = new DataView(bytes.buffer);
    for (let at = 0; at < bytes.length - 46; at++) if (data.getUint32(at, true) === 0x02014b50) places.push(at);
    const at = pick(random, places);
    return pick(random, [flip(at + 8, at + 34), flip(at + 42, at + 52)])(bytes, random);
  },
  'the end record': (bytes, random) => flip(bytes.length - 22, bytes.length)(bytes, random),
  'a bomb': (bytes, random) => {
    const bomb = { name: pick(random, ['config.json', 'x']), content: new Uint8Array(2_000_000) };
    const lie = random.uniform() < 0.5 ? { unpacked: 1 + random.below(10_000) } : {};
    return archive([...entriesOf(bytes).filter(({ name }) => name !== bomb.name), { ...bomb, ...lie }]);
  },
  'a name outside': (bytes, random) => {
    const name = pick(random, ['../x', '/x', 'a/../../x', 'C:/x', 'a\\x', 'a//x', './x', '', 'a\0b', '..']);
    return archive([...entriesOf(bytes), { name, content: utf8('x') }]);
  },
  'a name twice': (bytes, random) => archive([...entriesOf(bytes), pick(random, entriesOf(bytes))]),
  overlapping: (bytes, random) => {
    const entries = entriesOf(bytes);
    const offset = random.below(bytes.length);
    return archive(entries.map((entry, i) => (i === entries.length - 1 ? { ...entry, offset } : entry)));
  },
  'a flag or method': (bytes, random) => {
    const wrong = pick(random, [{ flags: 1 }, { flags: 0x40 }, { flags: 0x2000 }, { method: 1 + random.below(7) }]);
    const [first, ...rest] = entriesOf(bytes);
    return archive([{ ...first!, ...wrong }, ...rest]);
  },
  'a file missing': (bytes, random) => {
    const missing = pick(random, ['config.json', 'model.safetensors', 'tokenizer.json']);
    return archive(entriesOf(bytes).filter(({ name }) => name !== missing));
  },
  'a damaged weight, sound as an archive': (bytes, random) => {
    const files = readZip(bytes);
    const weights = files.get('model.safetensors')!;
    return writeZip(
      new Map([...files, ['model.safetensors', flip(weights.length - 900, weights.length)(weights, random)]]),
    );
  },
};

const model = randomModel();
const files = huggingFaceFiles(model);
const checkpoint = encodeCheckpoint(startingCheckpoint(model));
const zip = writeZip(files);

/** Whatever a person drops: the same reading that the command line does. */
const open = readModelFile;
const openWith = (name: string) => (bytes: Bytes) => importHuggingFace(new Map([...files, [name, bytes]]));

test.each<[string, Record<string, Mutation>, Bytes, (bytes: Bytes) => unknown]>([
  [
    'checkpoint',
    { ...SAFETENSORS, 'a bit anywhere': (bytes, random) => flip(0, bytes.length)(bytes, random) },
    checkpoint,
    open,
  ],
  ['model.safetensors', SAFETENSORS, files.get('model.safetensors')!, openWith('model.safetensors')],
  ['tokenizer.json', TOKENIZER, files.get('tokenizer.json')!, openWith('tokenizer.json')],
  ['archive', ZIP, zip, open],
])(`every mutated %s of ${MUTATIONS} is refused in one sentence`, (_, mutations, sound, read) => {
  expect(() => read(sound)).not.toThrow();
  const names = Object.keys(mutations);
  const outcomes: Record<string, string> = {};
  for (let i = 0; i < MUTATIONS; i++) {
    const name = names[i % names.length]!;
    const changed = mutations[name]!(sound, new Random(i));
    const begun = performance.now();
    let outcome = 'accepted';
    try {
      read(changed);
    } catch (error) {
      const { message } = error as Error;
      const sentence = error instanceof InklingError && /^[^\n]{10,400}[.]$/.test(message);
      outcome = sentence ? 'refused' : `${error}`;
    }
    if (performance.now() - begun > LIMIT) outcome = 'slow';
    if (outcome !== 'refused') outcomes[`${name}, seed ${i}`] = outcome;
  }
  expect(outcomes).toEqual({});
});
