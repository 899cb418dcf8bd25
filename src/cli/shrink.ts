import type { Weights } from '../model/quantization.ts';
import { adaptCorpus } from '../text/adapt.ts';
import { tokenizerOf } from '../text/byte-pair.ts';
import { checkLength, splitCorpus } from '../text/corpus.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import { SCOPES, type Scope } from '../training/pruning.ts';
import { allVariants, type Measurement, ShrinkStudy, shrunkRun, type Variant } from '../training/shrink.ts';
import { weightsOf } from '../training/state.ts';
import { type Flags, readFlags, UsageError } from './arguments.ts';
import { bitsOf } from './bits.ts';
import { openDeviceInNode } from './open.ts';
import { Output } from './output.ts';
import { loadCheckpoint, makeRunFolder, requireNoRun, saveCheckpoint } from './run-folder.ts';
import { readText } from './texts.ts';

const FLAGS = {
  model: 'text',
  text: 'text',
  bits: 'count',
  prune: 'real',
  scope: 'text',
  'fine-tune': 'count',
  prompt: 'text',
  out: 'text',
  json: 'switch',
  help: 'switch',
} as const;

const HELP = `shrink: what becomes of a trained model with fewer bits, or with fewer weights

  --model DIR       the run, or a model file
  --text FILE       the text that it learnt; the last tenth of it is what the loss is measured on
  --bits 8|4        packs the matrices to so many bits a number, with a scale a row; norms and biases stay f32
  --prune X         sets the share X of the weights in the matrices, from 0.01 to 0.99, to zero: those nearest to it
  --scope WHERE     tensor (the share of each matrix) or global (of all together); global without it
  --fine-tune N     trains N steps further after pruning; what is zero stays zero. Told beside it: the loss after the same
                    N steps without pruning
  --prompt TEXT     what the samples begin with
  --out DIR         keeps the pruned model as a run's folder, for sample, evaluate, export and train --init
  --json            one JSON object a line on stdout, and nothing else
  --help            prints this

The model as it is comes first. Without --bits and --prune everything is tried: 8 and 4 bits, and pruning from 10 to 90 %
in both scopes; with --fine-tune also what that mends. A file with packed weights: export --format html.
`;

/** What the flags ask for, or everything. Throws `UsageError`. */
function variantsOf(flags: Flags<typeof FLAGS>): Variant[] {
  const { bits, prune, scope, 'fine-tune': fine_tune = 0 } = flags;
  const refuse = (fault: string, hint: string): never => {
    throw new UsageError(`shrink: ${fault}`, hint);
  };
  const packed = bitsOf('shrink', bits);
  if (prune !== undefined && !(prune >= 0.01 && prune <= 0.99)) {
    refuse(`--prune takes a share from 0.01 to 0.99, not ${prune}.`, 'Write --prune 0.5 for half of the weights.');
  }
  if (scope !== undefined && !SCOPES.includes(scope as Scope)) {
    refuse(`there is no scope “${scope}”.`, `Take one of ${SCOPES.join(', ')}.`);
  }
  if (fine_tune < 0) refuse('--fine-tune takes a number of steps.', 'Write --fine-tune 200.');
  const alone = bits === undefined && prune === undefined;
  if (prune === undefined && scope !== undefined) refuse('--scope belongs to --prune.', 'Give --prune too.');
  if (prune === undefined && !alone && fine_tune > 0) {
    refuse('--fine-tune mends what --prune has cut; packed weights cannot be trained.', 'Give --prune too.');
  }
  if (flags.out !== undefined && (prune === undefined || bits !== undefined)) {
    refuse(
      '--out keeps a pruned model in f32.',
      'Give --prune, and no --bits; packed weights are written by export --format html.',
    );
  }
  if (alone) return allVariants(fine_tune);
  const chosen: Variant = {
    bits: packed ?? 32,
    ...(prune !== undefined && { prune: { share: prune, scope: (scope as Scope) ?? 'global' } }),
  };
  return [{ bits: 32 }, chosen, ...(fine_tune > 0 ? [{ ...chosen, fine_tune }] : [])];
}

/** A variant in a few words. */
function nameOf({ bits, prune, fine_tune }: Variant): string {
  const packed = bits === 32 ? [] : [`${bits} bits`];
  const cut = prune ? [`pruned ${Math.round(100 * prune.share)} % (${prune.scope})`] : [];
  const tuned = fine_tune ? [`${fine_tune} steps further`] : [];
  return [...cut, ...tuned, ...packed].join(', ') || 'as it is';
}

/** `shrink`: packs and prunes a model and tells size, loss, speed and a sample of each. */
export async function shrink(argv: string[]): Promise<boolean> {
  const { flags } = readFlags('shrink', argv, FLAGS, false);
  if (flags.help) {
    process.stdout.write(HELP);
    return true;
  }
  const variants = variantsOf(flags);
  if (flags.model === undefined) {
    throw new UsageError('shrink: --model is missing.', 'Name the folder that `train --out` has written.');
  }
  const output = new Output(flags.json === true);
  if (flags.out !== undefined) await requireNoRun(flags.out);
  const checkpoint = await loadCheckpoint(flags.model, (line) => output.remark(line));
  const learnt = checkpoint.text.name;
  if (flags.text === undefined && learnt === '') {
    throw new UsageError('shrink: --text is missing.', 'Name the text that the model should be measured on.');
  }
  const { tokenizer, ids } = await readIds(flags.text ?? learnt, checkpoint, output);
  checkLength({ ids }, checkpoint.model.block_size);
  const prompt = flags.prompt ?? '';
  tokenizer.encode(prompt); // names unknown characters before the GPU is asked for
  const device = await openDeviceInNode(output);
  const { model, training, state } = checkpoint;
  const study = new ShrinkStudy(device, {
    ...{ model, training, weights: weightsOf(state), vocabulary: tokenizer, prompt, products: state.products },
    ...splitCorpus(ids),
  });
  output.remark(
    `Each loss is a mean over the same ${study.evaluated.toLocaleString('en-US')} tokens of the last tenth.`,
  );
  let first: Measurement | undefined;
  let weights: Weights | undefined;
  for (const variant of variants) {
    const measured = await study.measure(variant, undefined, (shrunk) => {
      weights = shrunk;
    });
    first ??= measured;
    output.result({ ...measured }, describe(measured, first));
  }
  if (flags.out !== undefined && weights instanceof Float32Array) {
    await makeRunFolder(flags.out);
    await saveCheckpoint(flags.out, shrunkRun(checkpoint, weights, variants.at(-1)!.fine_tune));
    output.remark(`Wrote ${flags.out}.`);
  }
  study.destroy();
  device.gpu.destroy();
  return true;
}

/** The text in the model's own tokens. */
async function readIds(what: string, { vocabulary, tokenizer_json, text: learnt }: Checkpoint, output: Output) {
  const text = await readText(what, output);
  if (tokenizer_json !== undefined) {
    const tokenizer = tokenizerOf(vocabulary, tokenizer_json);
    return { tokenizer, ids: tokenizer.encode(text.tokenizer.decode(text.ids)) };
  }
  const hint = 'Leave them out of the text, or train on a text that has them.';
  const own = CharacterTokenizer.ofVocabulary(vocabulary, learnt.documents);
  return { tokenizer: own, ids: adaptCorpus(text, own, undefined, hint).ids };
}

function describe(measured: Measurement, before: Measurement): string {
  const { variant, bytes, zeros, parameters, sparse_bytes, zip_bytes, val_loss, control_val_loss } = measured;
  const { characters_per_s, sample } = measured;
  const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
  const count = (n: number) => Math.round(n).toLocaleString('en-US');
  const loss = (value: number) => {
    const change = (100 * (value - before.val_loss)) / before.val_loss;
    return `${value.toFixed(4)} (${change < 0 ? '' : '+'}${change.toFixed(2)} %)`;
  };
  const sizes = [
    `${count(bytes)} bytes (${share(bytes, before.bytes)})`,
    ...(zeros > 0 ? [`${share(zeros, parameters)} zeros`] : []),
    ...(sparse_bytes === null ? [] : [`sparse ${count(sparse_bytes)}`]),
    `zipped ${count(zip_bytes)}`,
  ];
  const control =
    control_val_loss === null ? '' : `, and after the same steps without pruning ${loss(control_val_loss)}`;
  return `${nameOf(variant)}: ${sizes.join(', ')}; validation loss ${loss(val_loss)}${control}; ${count(characters_per_s)} characters/s\n    ${JSON.stringify(sample)}`;
}
