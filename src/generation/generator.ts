import type { Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { Pacer } from '../gpu/pacer.ts';
import { ReadbackRing } from '../gpu/readback.ts';
import { RECORD_NUMBERS } from '../graph/operators/window.ts';
import type { Arena, Program } from '../graph/program.ts';
import { type Decoder, DRAWN_RING } from './decoder.ts';
import { Draws } from './draws.ts';
import { checkGenerationOptions, type GenerationOptions } from './options.ts';
import { keptTokens } from './window.ts';

/** Submits that may be queued at once: one runs while the next one waits. */
const IN_FLIGHT = 2;

const NEVER = 0xffffffff;
const SMALLEST_NORMAL = 2 ** -126;

/** What a decoder's graphs have become. */
export interface Programs {
  step: Program;
  readRow: Program;
  readRows: Program;
}

/** Where the GPU will stand when it has done all that is queued. */
interface Place {
  /** Tokens queued to be drawn. */
  written: number;
  /** Of the next row, in the window. */
  position: number;
  /** Rows of the window that have to be read before the next token can be drawn. */
  unread: number;
  /** Tokens of the sequence. */
  count: number;
}

/**
 * Writes with the weights that are in the arena. The loop stays on the GPU: the drawn token is the next one's input, and
 * several are drawn in one submit, as many as last about 20 ms. The CPU only fetches what has been written.
 */
export class Generator {
  readonly decoder: Decoder;
  readonly #device: Device;
  readonly #arena: Arena;
  #programs: Promise<Programs> | undefined;
  readonly #readback: ReadbackRing;
  readonly #pacer = new Pacer();
  /** Ends with the text that is being written: there is one cache, and one writes at a time. */
  #turn: Promise<void> = Promise.resolve();

  constructor(device: Device, arena: Arena, decoder: Decoder) {
    this.#device = device;
    this.#arena = arena;
    this.decoder = decoder;
    this.#readback = new ReadbackRing(device.gpu, IN_FLIGHT, DRAWN_RING * recordBytes(decoder));
  }

  /** Dispatches that a token takes. */
  get dispatchesPerToken(): number {
    return this.decoder.step.dispatches.length;
  }

  /** Compiles its kernels, unless that has been done. The first text waits for it; a run has time for it before. */
  prepare(): Promise<Programs> {
    if (!this.#programs) {
      const { step, readRow, readRows } = this.decoder;
      this.#programs = this.#arena.compile([step, readRow, readRows]).then((programs) => ({
        step: programs.get(step)!,
        readRow: programs.get(readRow)!,
        readRows: programs.get(readRows)!,
      }));
      this.#programs.catch(() => {}); // met by whoever writes
    }
    return this.#programs;
  }

  /**
   * Continues `prompt` (at least one id), of which the last block_size tokens count, once for each sequence. Each step
   * yields one token of each, with how likely it was; all go on to the `length`. The tokens depend on the weights, the prompt,
   * the options and the adapter only. A second call waits until the first one has ended.
   *
   * Throws `bad-options`, or `empty-prompt`.
   */
  async *generate(prompt: ArrayLike<number>, options: GenerationOptions): AsyncGenerator<Draws> {
    checkGenerationOptions(options);
    if (prompt.length === 0) {
      throw new InklingError('empty-prompt', 'There is nothing to go on from.', 'Give at least one token.');
    }
    const turn = this.#turn;
    let done = () => {};
    this.#turn = new Promise((resolve) => {
      done = resolve;
    });
    await turn;
    const flights: Promise<Uint32Array>[] = [];
    try {
      const { sequences: B } = this.decoder;
      const programs = await this.prepare();
      const place = this.#begin(prompt, options);
      while (flights.length > 0 || place.written < options.length) {
        while (flights.length < IN_FLIGHT && place.written < options.length) {
          const flight = this.#submit(programs, place, options.length);
          // A failure is met where the flight is awaited; until then it must not count as unhandled.
          flight.catch(() => {});
          flights.push(flight);
        }
        const records = await flights.shift()!;
        for (let at = 0; at < records.length; at += B * RECORD_NUMBERS) {
          yield new Draws(records.subarray(at, at + B * RECORD_NUMBERS));
        }
      }
    } finally {
      await Promise.allSettled(flights);
      done();
    }
  }

  /** `generate` for the first sequence alone, which ends at `end`. */
  async *generateOne(prompt: ArrayLike<number>, options: GenerationOptions): AsyncGenerator<number> {
    for await (const draws of this.generate(prompt, options)) {
      const token = draws.token(0);
      if (token === options.end) {
        return;
      }
      yield token;
    }
  }

  destroy(): void {
    this.#readback.destroy();
  }

  /** Puts the prompt and the options where the GPU finds them. */
  #begin(prompt: ArrayLike<number>, options: GenerationOptions): Place {
    const { config, sequences: B, names } = this.decoder;
    const { block_size: T, vocab_size: V } = config;
    const ids = Array.from(prompt).slice(-T);
    const history = new Uint32Array(B * T);
    const latest = new Uint32Array(B * V);
    for (let b = 0; b < B; b++) {
      history.set(ids, b * T);
      for (const [n, id] of ids.entries()) {
        latest[b * V + id] = n + 1;
      }
    }
    const state = new Uint32Array(4 * B);
    for (let b = 0; b < B; b++) {
      state[4 * b + 1] = ids.length;
    }
    // below the smallest f32 that a GPU does not take for zero, it is zero
    const temperature = options.temperature < SMALLEST_NORMAL ? 0 : options.temperature;
    const numbers = new Float32Array([temperature, options.top_p, options.repetition_penalty]);
    const counts = new Uint32Array([Math.min(options.top_k, V), options.seed, options.never ?? NEVER]);
    const { queue } = this.#device.gpu;
    const buffer = (name: string) => this.#arena.buffer(name);
    queue.writeBuffer(buffer(names.history), 0, history);
    queue.writeBuffer(buffer(names.latest), 0, latest);
    queue.writeBuffer(buffer(names.state), 0, state);
    queue.writeBuffer(buffer(names.options), 0, numbers);
    queue.writeBuffer(buffer(names.options), numbers.byteLength, counts);
    return { written: 0, position: ids.length - 1, unread: ids.length - 1, count: ids.length };
  }

  /** One submit: as many tokens as the pace allows, and a copy of their records. Moves `place` on. */
  async #submit(programs: Programs, place: Place, length: number): Promise<Uint32Array> {
    const { rows, config, names } = this.decoder;
    const T = config.block_size;
    const prefilled = place.unread > rows;
    while (place.unread > rows) {
      programs.readRows.run();
      place.unread -= rows;
    }
    const first = place.count;
    const most = Math.min(this.#pacer.steps, length - place.written);
    const started = performance.now();
    const encoder = this.#device.gpu.createCommandEncoder();
    const pass = encoder.beginComputePass();
    let steps = 0;
    while (steps < most && place.unread <= rows) {
      this.#encodeUnread(programs, pass, place);
      programs.step.encode(pass);
      steps++;
      place.position++;
      if (place.position === T) {
        place.unread = keptTokens(T) - 1;
        place.position = place.unread;
      }
    }
    pass.end();
    place.written += steps;
    place.count += steps;
    const drawn = this.#arena.buffer(names.drawn);
    const size = recordBytes(this.decoder);
    const ranges = ringRanges(first, steps).map(([from, count]) => ({ offset: size * from, bytes: size * count }));
    const records = new Uint32Array(await this.#readback.submit(encoder, drawn, ranges));
    const now = performance.now();
    if (!prefilled) {
      this.#pacer.learn(steps, now - Math.max(this.#arrived, started));
    }
    this.#arrived = now;
    return records;
  }

  /** When the last submit's results came. */
  #arrived = 0;

  /** Fills the cache up to the window's last row: row by row while these are few, otherwise all at once. */
  #encodeUnread({ readRow, readRows }: Programs, pass: GPUComputePassEncoder, place: Place): void {
    if (2 * place.unread > this.decoder.rows) {
      readRows.encode(pass);
    } else {
      for (let row = 0; row < place.unread; row++) {
        readRow.encode(pass);
      }
    }
    place.unread = 0;
  }
}

/** Bytes that one token of each sequence takes in the ring. */
const recordBytes = ({ sequences }: Decoder) => 4 * RECORD_NUMBERS * sequences;

/** Where in the ring tokens `first` to `first` + `count` stand: one stretch, or two where it wraps round. */
function ringRanges(first: number, count: number): [from: number, count: number][] {
  const from = first % DRAWN_RING;
  const whole = Math.min(count, DRAWN_RING - from);
  return whole < count
    ? [
        [from, whole],
        [0, count - whole],
      ]
    : [[from, whole]];
}
