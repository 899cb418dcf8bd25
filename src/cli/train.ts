import { causeOf, type Device } from '../gpu/device.ts';
import { InklingError } from '../gpu/errors.ts';
import { traitsOf } from '../graph/traits.ts';
import { type RunConfig, type TrainingConfig, tokensPerStep } from '../model/config.ts';
import { changeVocabulary } from '../model/vocabulary.ts';
import { adaptCorpus, type UnknownChoice } from '../text/adapt.ts';
import { type Tokenizer, tokenizerOf } from '../text/byte-pair.ts';
import { checkLength, splitCorpus, type TokenIds } from '../text/corpus.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { testProblems } from '../training/accuracy.ts';
import type { Checkpoint } from '../training/checkpoint.ts';
import { estimateMemory } from '../training/memory.ts';
import { bitsPerCharacter, type Losses, overfittingSince } from '../training/overfitting.ts';
import { freshState, type TrainingState, weightsOf } from '../training/state.ts';
import { Trainer, type TrainerListener } from '../training/trainer.ts';
import { readFlags, UsageError } from './arguments.ts';
import { MetricsFile } from './metrics-file.ts';
import { adapterName, openDeviceInNode } from './open.ts';
import { Output } from './output.ts';
import { loadCheckpoint, makeRunFolder, requireNoRun, saveCheckpoint } from './run-folder.ts';
import { DEFAULT_TEXT, readText, type Text } from './texts.ts';
import { trainHelp } from './train-help.ts';
import { checkEarly, checkTrainFlags, configure, TRAIN_FLAGS, type TrainFlags } from './train-options.ts';
import { precisionOf, tuningOf } from './tuning.ts';

/** A run is saved this often, in milliseconds, besides at evaluations. */
const SAVE_MS = 30_000;

/** A text in a model's own tokens, which may be more than a character each. */
type EncodedText = Omit<Text, 'tokenizer' | 'ids'> & { tokenizer: Tokenizer; ids: TokenIds };

/** What a run starts from, once every flag and file has been checked. */
interface Plan {
  config: RunConfig;
  /** In the ids of the model that it starts from, if there is one. */
  text: EncodedText;
  /** The run to go on with, or the weights to start from. */
  from: Checkpoint | undefined;
  resumed: boolean;
  folder: string | undefined;
  tuning: ReturnType<typeof tuningOf>;
}

/** `train`: trains a model, tells each step, and keeps checkpoints in `--out`. */
export async function train(argv: string[]): Promise<boolean> {
  const { flags } = readFlags('train', argv, TRAIN_FLAGS, false);
  if (flags.help) {
    process.stdout.write(trainHelp());
    return true;
  }
  checkTrainFlags(flags);
  const output = new Output(flags.json === true);
  if (!flags.resume) {
    checkEarly(flags);
  }
  // Files before the GPU: they are what a person most often gets wrong.
  if (flags.out !== undefined) {
    await requireNoRun(flags.out);
  }
  const from = await loadStart(flags, output);
  const read = await readText(flags.text ?? (flags.resume ? from!.text.name : DEFAULT_TEXT), output);
  const text = from ? adaptText(flags, read, from) : read;
  const device = await openDeviceInNode(output, { experimental: needsUnits(flags, from) });
  const plan = makePlan(flags, device, from, text);
  checkLength(text, plan.config.model.block_size);
  return follow(plan, device, output);
}

/** Whether products may be computed on matrix units, which are experimental. */
function needsUnits(flags: TrainFlags, from: Checkpoint | undefined): boolean {
  return (flags.resume ? (from?.training.precision ?? 'f32') : precisionOf('train', flags)) !== 'f32';
}

async function loadStart(flags: TrainFlags, output: Output): Promise<Checkpoint | undefined> {
  const path = flags.resume ?? flags.init;
  const from = path === undefined ? undefined : await loadCheckpoint(path, (line) => output.remark(line));
  if (from?.text.sha256 === '' && flags.resume) {
    throw new InklingError('no-run', `${path} is a model and no run.`, `Start one from it with --init ${path}.`);
  }
  return from;
}

/** The text in the ids of the model to start from. */
function adaptText(flags: TrainFlags, text: Text, from: Checkpoint): EncodedText {
  const { vocabulary, tokenizer_json } = from;
  if (flags.resume && from.text.sha256 !== text.sha256) {
    throw new InklingError(
      'other-text',
      `${text.id} is not the text that this run has learnt from.`,
      'Give that text with --text, or start a new run from these weights with --init.',
    );
  }
  if (tokenizer_json !== undefined) {
    if (flags.unknown !== undefined) {
      throw new UsageError(
        'train: --unknown has no effect with a model that has a tokenizer of its own, which knows every character.',
        'Leave it out.',
      );
    }
    const tokenizer = tokenizerOf(vocabulary, tokenizer_json);
    return { ...text, task: undefined, tokenizer, ids: tokenizer.encode(text.tokenizer.decode(text.ids)) };
  }
  // What a run that goes on does not know, it has dropped when it began.
  const choice = flags.resume ? 'drop' : (flags.unknown as UnknownChoice | undefined);
  const hint =
    'Give the model new rows for them with --unknown add, or leave them out of the text with --unknown drop.';
  return { ...text, ...adaptCorpus(text, CharacterTokenizer.ofVocabulary(vocabulary), choice, hint) };
}

function makePlan(flags: TrainFlags, device: Device, from: Checkpoint | undefined, text: EncodedText): Plan {
  const common = { text, from, folder: flags.resume ?? flags.out, tuning: tuningOf(flags, device) };
  if (from && flags.resume) {
    return { ...common, config: { model: from.model, training: from.training }, resumed: true };
  }
  const config = configure(flags, device.software ? 'tiny' : 'nanogpt-cpu', from?.model);
  return { ...common, config, resumed: false };
}

async function follow(plan: Plan, device: Device, output: Output): Promise<boolean> {
  const { config, text, from } = plan;
  const { tokenizer } = text;
  const model = { ...config.model, vocab_size: tokenizer.vocab_size };
  const { train: trainIds, val } = splitCorpus(text.ids);
  const state = from && (plan.resumed ? from.state : freshStart(from, tokenizer, config.training));
  const { total, minimum } = estimateMemory(model, config.training, text.ids.length, traitsOf(device));
  output.remark(`It takes ${mebibytes(total)} on the GPU, of which no program could do without ${mebibytes(minimum)}.`);
  const trainer = await Trainer.create(device, {
    model,
    training: config.training,
    train: trainIds,
    val,
    problems: text.task && tokenizer instanceof CharacterTokenizer ? testProblems(text.task, tokenizer) : undefined,
    ...(state && { state }),
    tuning: plan.tuning,
  });
  if (plan.folder) {
    await makeRunFolder(plan.folder);
  }
  const metrics = new MetricsFile(plan.folder);
  await metrics.begin(trainer.step, plan.resumed ? from!.state.evaluated : -1);
  output.remark(describe(plan, trainer));
  if (trainer.computation.note) output.remark(trainer.computation.note);

  const started = performance.now();
  const startStep = trainer.step;
  let val_loss = from && plan.resumed ? from.val_loss : null;
  const evaluations: Losses[] = [];
  let overfitting = false;
  let saving: Promise<void> = Promise.resolve();
  /** One save at a time, each of the state at the moment of its call. */
  const save = (): Promise<void> => {
    const { folder } = plan;
    if (!folder) return saving;
    const { vocabulary, documents } = tokenizer;
    const source = { name: text.id, sha256: text.sha256, documents };
    const tokenizer_json = from?.tokenizer_json;
    const description = { model, training: config.training, vocabulary, tokenizer_json, val_loss, text: source };
    const snapshot = trainer.snapshot();
    const before = saving;
    saving = (async () => {
      const state = await snapshot;
      await before.catch(() => {});
      await metrics.flush();
      await saveCheckpoint(folder, { ...description, state });
    })();
    return saving;
  };
  /** A full disk ends no run while it goes: the last checkpoint is still there, and the next one may find room. */
  const saveIfPossible = () =>
    save().catch((error) => {
      if (error instanceof InklingError) {
        output.remark(`${error.message} The last checkpoint stays, and training goes on.`);
      }
    });
  const listener: TrainerListener = {
    steps: (records) => {
      const seconds = (performance.now() - started) / 1000;
      const done = records.at(-1)!.step - startStep;
      const tokens_per_s = Math.round((done * tokensPerStep(config)) / seconds);
      for (const { step, loss, lr, grad_norm } of records) {
        metrics.add({ step, loss, lr, grad_norm });
        output.progress(
          { step, loss, lr, grad_norm, tokens_per_s },
          `step ${step}/${config.training.max_iters}  loss ${loss.toFixed(4)}  lr ${lr.toExponential(2)}  norm ${grad_norm.toFixed(3)}  ${tokens_per_s} tokens/s`,
          step / config.training.max_iters,
        );
      }
    },
    evaluated: async (step, train_loss, val, _improved, accuracy) => {
      val_loss = val;
      metrics.add({ step, train_loss, val_loss: val });
      const bits = bitsPerCharacter(val).toFixed(3);
      const unit = tokenizer instanceof CharacterTokenizer ? 'character' : 'token';
      const answered = accuracy === undefined ? '' : `  accuracy ${(100 * accuracy).toFixed(0)} %`;
      output.result(
        { step, val_loss: val, train_loss, accuracy },
        `step ${step}  validation loss ${val.toFixed(4)} (${bits} bits per ${unit}, perplexity ${Math.exp(val).toFixed(2)})  training loss ${train_loss.toFixed(4)}${answered}`,
      );
      evaluations.push({ step, train_loss, val_loss: val });
      const since = overfittingSince(evaluations);
      if (since !== null && !overfitting) {
        output.remark(`Overfitting since step ${since}: the training loss falls on, and the validation loss rises.`);
      }
      overfitting = since !== null;
      await saving.catch(() => {}); // no more than one state waits in memory for the disk, and training not for it
      void saveIfPossible();
    },
  };

  const interrupted = new Promise<void>((resolve) => process.once('SIGINT', resolve).once('SIGTERM', resolve));
  interrupted.then(() => trainer.control.stop());
  const timer = setInterval(saveIfPossible, SAVE_MS);
  try {
    if (!plan.resumed) await save(); // from here on it can be resumed, whenever it is killed
    const finished = await trainer.run(listener).catch(async (error) => {
      if (error instanceof InklingError && error.code === 'diverged') {
        await save(); // the last good weights
      }
      throw await causeOf(device, error);
    });
    if (finished && config.training.patience > 0) {
      val_loss = trainer.best?.val_loss ?? val_loss;
    }
    if (trainer.endedEarly) {
      output.remark(
        `Ended early after step ${trainer.step}: ${config.training.patience} evaluations have not lowered the validation loss of step ${trainer.best?.step}, whose weights are kept.`,
      );
    }
    await save();
    if (!finished) {
      const goOn = plan.folder ? ` Go on with: npm run -s train -- --resume ${plan.folder}` : '';
      output.remark(`Stopped after ${trainer.step} steps.${goOn}`);
      return false;
    }
    const seconds = (performance.now() - started) / 1000;
    output.result(
      {
        done: true,
        steps: trainer.step,
        parameters: trainer.parameters,
        val_loss,
        seconds,
        adapter: adapterName(device),
      },
      `Done: ${trainer.step} steps in ${seconds.toFixed(1)} s, validation loss ${val_loss?.toFixed(4)}, on ${adapterName(device)}.`,
    );
    return true;
  } finally {
    clearInterval(timer);
    await saving.catch(() => {});
    output.clear();
    trainer.destroy();
    device.gpu.destroy();
  }
}

/** The weights of a checkpoint as the start of a new run, with rows for the tokens of its text. */
function freshStart(
  { model, vocabulary, state }: Checkpoint,
  tokenizer: Tokenizer,
  training: TrainingConfig,
): TrainingState {
  const weights = changeVocabulary(model, weightsOf(state), vocabulary, tokenizer.vocabulary, training.seed);
  return freshState(training, weights);
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MiB`;
}

function describe({ config, text, resumed }: Plan, trainer: Trainer): string {
  const { n_layer, n_head, n_embd, block_size } = config.model;
  return [
    `${resumed ? `Going on after step ${trainer.step}` : 'Training'}: ${text.id}, ${text.tokenizer.vocab_size} tokens in the vocabulary;`,
    `${n_layer} layers, ${n_head} heads, width ${n_embd}, context ${block_size}, batch ${config.training.batch_size}:`,
    `${trainer.parameters.toLocaleString('en-US')} parameters, ${mebibytes(trainer.gpuBytes)} on the GPU,`,
    `${trainer.dispatchesPerStep} dispatches a step, products of ${trainer.computation.precision}.`,
  ].join(' ');
}
