import { openGenerator } from '../generation/open.ts';
import { SAMPLING_BOUNDS, SAMPLING_DEFAULTS } from '../generation/options.ts';
import { writeText } from '../generation/text.ts';
import { tokenizerOf } from '../text/byte-pair.ts';
import { weightsOf } from '../training/state.ts';
import { type Flags, readFlags, UsageError } from './arguments.ts';
import { bitsOf, inBits } from './bits.ts';
import { openDeviceInNode } from './open.ts';
import { Output } from './output.ts';
import { loadCheckpoint } from './run-folder.ts';

const FLAGS = {
  model: 'text',
  prompt: 'text',
  length: 'count',
  temperature: 'real',
  'top-k': 'count',
  'top-p': 'real',
  'repetition-penalty': 'real',
  seed: 'count',
  stop: 'text',
  count: 'count',
  bits: 'count',
  json: 'switch',
} as const;

/** Texts that are written at once, at most. */
const MOST_TEXTS = 256;

/** What the flags say about how to draw. Throws `UsageError` for a value out of its bounds. */
function samplingOf(flags: Flags<typeof FLAGS>) {
  const given = {
    length: flags.length,
    temperature: flags.temperature,
    top_k: flags['top-k'],
    top_p: flags['top-p'],
    repetition_penalty: flags['repetition-penalty'],
    seed: flags.seed,
  };
  const sampling = { ...SAMPLING_DEFAULTS } as Record<keyof typeof SAMPLING_DEFAULTS, number>;
  for (const name of Object.keys(given) as (keyof typeof given)[]) {
    const value = given[name];
    const [low, high] = SAMPLING_BOUNDS[name];
    if (value !== undefined && !(value >= low && value <= high)) {
      throw new UsageError(`sample: --${name.replaceAll('_', '-')} must be from ${low} to ${high}, not ${value}.`);
    }
    sampling[name] = value ?? sampling[name];
  }
  return sampling;
}

/** `sample`: continues a prompt with a trained model, once or several times at once. */
export async function sample(argv: string[]): Promise<boolean> {
  const { flags } = readFlags('sample', argv, FLAGS, false);
  if (flags.model === undefined) {
    throw new UsageError('sample: --model is missing.', 'Name the folder that `train --out` has written.');
  }
  const sampling = samplingOf(flags);
  const { prompt = '', stop = '', count = 1 } = flags;
  if (count < 1 || count > MOST_TEXTS) {
    throw new UsageError(`sample: --count must be from 1 to ${MOST_TEXTS}, not ${count}.`);
  }
  const bits = bitsOf('sample', flags.bits);
  const output = new Output(flags.json === true);
  const checkpoint = await loadCheckpoint(flags.model, (line) => output.remark(line));
  const { model, vocabulary, tokenizer_json, text: learnt, state } = checkpoint;
  const tokenizer = tokenizerOf(vocabulary, tokenizer_json, learnt.documents);
  tokenizer.encode(prompt); // names unknown characters before the GPU is asked for

  const device = await openDeviceInNode(output);
  const { generator } = await openGenerator(device, model, inBits(model, weightsOf(state), bits), count);
  const texts = Array.from({ length: count }, () => prompt);
  const alone = count === 1; // several texts at once cannot be shown as they grow
  if (alone) {
    output.stream(prompt);
  }
  for await (const { text, piece, done } of writeText(generator, tokenizer, prompt, { ...sampling, stop })) {
    texts[text] += piece;
    if (alone) {
      output.stream(piece);
    } else if (done) {
      output.remark(`Text ${text + 1} of ${count} is done.`);
    }
  }
  for (const [number, text] of texts.entries()) {
    output.result({ text }, alone ? '' : `--- ${number + 1} of ${count}\n${text}\n`);
  }
  device.gpu.destroy();
  return true;
}
