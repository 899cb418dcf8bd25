import { expect, test } from 'vitest';
import { InklingError } from '../../src/gpu/errors.ts';
import { type GPTConfig, preset } from '../../src/model/config.ts';
import { initialParameters, layoutOf } from '../../src/model/parameters.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../src/training/checkpoint.ts';
import { freshState } from '../../src/training/state.ts';
import { Random } from '../reference/arrays.ts';

const MODEL: GPTConfig = {
  vocab_size: 5,
  block_size: 3,
  n_layer: 1,
  n_head: 1,
  n_embd: 6,
  n_inner: 7,
  bias: true,
  tied: true,
  activation: 'relu',
};

interface Entry {
  dtype: string;
  shape: number[];
  data_offsets: [number, number];
}
type Header = Record<string, Entry> & { __metadata__?: Record<string, string> };
type Part = Record<string, unknown>;

/** A file taken apart, to be put together wrongly. */
class Parts {
  readonly header: Header;
  readonly data: Uint8Array<ArrayBuffer>;
  /** The header's length as stated; as it is, without it. */
  stated: bigint | undefined;

  constructor(bytes: Uint8Array<ArrayBuffer>) {
    const length = Number(new DataView(bytes.buffer).getBigUint64(0, true));
    this.header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + length)));
    this.data = bytes.slice(8 + length);
  }

  get names(): string[] {
    return Object.keys(this.header).filter((name) => name !== '__metadata__');
  }

  describe(change: (run: Part & { model: Part; training: Part }) => void): void {
    const run = JSON.parse(this.header.__metadata__!.run!);
    change(run);
    this.header.__metadata__!.run = JSON.stringify(run);
  }

  bytes(): Uint8Array<ArrayBuffer> {
    const json = new TextEncoder().encode(JSON.stringify(this.header));
    const file = new Uint8Array(8 + json.length + this.data.length);
    new DataView(file.buffer).setBigUint64(0, this.stated ?? BigInt(json.length), true);
    file.set(json, 8);
    file.set(this.data, 8 + json.length);
    return file;
  }
}

const random = new Random(21);
const one = <T>(list: readonly T[]): T => list[random.below(list.length)]!;

/** Changes after which no file is sound, whatever the numbers that are drawn. */
const MUTATIONS: Record<string, (parts: Parts) => Uint8Array<ArrayBuffer> | undefined> = {
  truncated: (parts) => {
    const bytes = parts.bytes();
    return bytes.slice(0, random.below(bytes.length));
  },
  'longer than its data': (parts) => {
    const bytes = parts.bytes();
    const longer = new Uint8Array(bytes.length + 1 + random.below(64));
    longer.set(bytes);
    return longer;
  },
  'an oversized header': (parts) => {
    parts.stated =
      one([2n ** 63n, 2n ** 64n - 1n, 100_000_001n, BigInt(parts.bytes().length)]) - BigInt(random.below(7));
    return undefined;
  },
  'a header cut short': (parts) => {
    parts.stated = BigInt(random.below(200));
    return undefined;
  },
  'overlapping offsets': (parts) => {
    const entry = parts.header[one(parts.names.slice(1))]!;
    const back = 4 * (1 + random.below(8));
    entry.data_offsets = [entry.data_offsets[0] - back, entry.data_offsets[1] - back];
    return undefined;
  },
  'offsets past the end': (parts) => {
    const entry = parts.header[one(parts.names)]!;
    entry.data_offsets = [entry.data_offsets[0] + parts.data.length, entry.data_offsets[1] + parts.data.length];
    return undefined;
  },
  'another shape': (parts) => {
    const entry = parts.header[one(parts.names)]!;
    entry.shape = one([[...entry.shape, 2], [0], [2 ** 53], [-1, -1], [1.5], [2 ** 32, 2 ** 32]]);
    return undefined;
  },
  'another kind of number': (parts) => {
    parts.header[one(parts.names)]!.dtype = one(['F16', 'BF16', 'F64', 'I32', 'U32', 'constructor', '']);
    return undefined;
  },
  'a tensor missing': (parts) => {
    delete parts.header[one(parts.names)];
    return undefined;
  },
  'a tensor renamed': (parts) => {
    const name = one(parts.names);
    parts.header[`${name}x`] = parts.header[name]!;
    delete parts.header[name];
    return undefined;
  },
  'NaN or infinity': (parts) => {
    const at = 4 * random.below(parts.data.length / 4);
    new DataView(parts.data.buffer).setFloat32(
      at,
      one([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY]),
      true,
    );
    return undefined;
  },
  'a configuration that is not sound': (parts) => {
    parts.describe((run) => {
      const [part, key, value] = one([
        ['model', 'n_head', 5],
        ['model', 'n_embd', 2 ** 40],
        ['model', 'n_layer', -1],
        ['model', 'activation', 'none'],
        ['model', 'block_size', 'many'],
        ['training', 'max_iters', 0],
        ['training', 'learning_rate', 'high'],
        ['training', 'optimizer', '__proto__'],
        ['training', 'seed', -1],
      ] as const);
      run[part][key] = value;
    });
    return undefined;
  },
  'a model of another size': (parts) => {
    parts.describe((run) => {
      const key = one(['n_layer', 'n_embd', 'vocab_size', 'block_size', 'n_inner']);
      run.model[key] = Number(run.model[key]) + 1 + random.below(20);
    });
    return undefined;
  },
  'a description that contradicts itself': (parts) => {
    parts.describe((run) => {
      const [key, value] = one([
        ['step', -1],
        ['step', 1e9],
        ['step', '3'],
        ['evaluated', 900],
        ['sampled', 900],
        ['sampled', null],
        ['best', { step: 5 }],
        ['vocabulary', ['a']],
        ['text', null],
        ['model', null],
        ['training', 'fast'],
      ] as const);
      (run as Part)[key] = value;
    });
    return undefined;
  },
  'no description': (parts) => {
    const metadata = parts.header.__metadata__!;
    const [key, value] = one([
      ['run', '{'],
      ['run', 'null'],
      ['run', '[]'],
      ['run', ''],
      ['format', 'pt'],
    ] as const);
    metadata[key] = value;
    return undefined;
  },
};

test('200 malformed checkpoint files are each refused with a message', async () => {
  const training = preset('tiny').training;
  const parameters = await initialParameters(MODEL, layoutOf(MODEL), 1);
  const sound = encodeCheckpoint({
    model: MODEL,
    training,
    vocabulary: ['a', 'b', 'c', 'd', '<|endoftext|>'],
    text: { name: 'letters', sha256: '00' },
    val_loss: 1.5,
    state: { ...freshState(training, parameters), step: 10, evaluated: 10 },
  });
  expect(decodeCheckpoint(sound).state.step).toBe(10);
  // taking it apart and putting it together again does no harm
  expect(decodeCheckpoint(new Parts(sound).bytes())).toEqual(decodeCheckpoint(sound));

  const kinds = Object.entries(MUTATIONS);
  const table: Record<string, { tried: number; refused: number; accepted: number }> = {};
  for (let i = 0; i < 200; i++) {
    const [kind, mutate] = kinds[i % kinds.length]!;
    const parts = new Parts(sound);
    const bytes = mutate(parts) ?? parts.bytes();
    let outcome: unknown = 'accepted';
    try {
      decodeCheckpoint(bytes);
    } catch (error) {
      outcome = error;
    }
    expect(outcome, kind).toBeInstanceOf(InklingError);
    expect((outcome as InklingError).message, kind).toMatch(/^[A-Z].*\.$/);
    table[kind] ??= { tried: 0, refused: 0, accepted: 0 };
    table[kind].tried++;
    table[kind].refused++;
  }
  console.table(table);
});
