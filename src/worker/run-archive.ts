import { METRICS_HEADER, metricsLine } from '../formats/csv.ts';
import { isObject, parseObject } from '../formats/json.ts';
import { isZip, readZip, writeZip } from '../formats/zip.ts';
import { InklingError } from '../gpu/errors.ts';
import { parameterCount } from '../model/parameters.ts';
import type { Computed, RunRecord } from '../storage/database.ts';
import { divide, type Metrics, noMetrics } from '../storage/metrics.ts';
import { sha256 } from '../storage/run-store.ts';
import { checkLength } from '../text/corpus.ts';
import { DATASET_NAMES, DATASETS, isDatasetName } from '../text/datasets.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { type Checkpoint, decodeCheckpoint, encodeCheckpoint } from '../training/checkpoint.ts';
import type { RunText } from './live-run.ts';
import type { ExportedFile } from './messages.ts';
import { readMetrics, writeMetrics } from './metrics-file.ts';
import { textOf } from './texts.ts';
import { packTokens, unpackTokens } from './tokens.ts';

/** All that is kept of a run. */
export interface RunParts {
  record: RunRecord;
  /** See `packTokens`. */
  tokens: Uint8Array<ArrayBuffer>;
  checkpoint: Checkpoint;
  /** The state of the lowest validation loss, where it is kept. */
  best: Checkpoint | null;
  metrics: Metrics;
}

/** Version of `run.json`. */
const FORMAT = 'inkling-run-1';
/** Larger files are not read: a page cannot hold them. */
const MOST_BYTES = 2_000_000_000;
const LONGEST_NAME = 200;

/**
 * A run as one ZIP archive that holds nothing twice but its curve, which `metrics.csv` shows to spreadsheets:
 *
 *     run.json                  its name, its text's and how it computes
 *     checkpoint.safetensors    its last state: weights, moments, configuration
 *     best.safetensors          the state of its lowest validation loss, where it is kept
 *     metrics.json              losses, evaluations, samples
 *     text.tokens               the text that it learns, in its ids of 8 or 16 bits
 */
export function exportArchive({ record, tokens, checkpoint, best, metrics }: RunParts): ExportedFile {
  const { name, corpus, begun, computed } = record;
  const run = { format: FORMAT, name, bits: corpus.bits, dataset: corpus.dataset, begun, computed };
  const utf8 = (text: string) => new TextEncoder().encode(text);
  const lines = [...metrics.records, ...metrics.evaluations].sort((a, b) => a.step - b.step);
  const files = new Map<string, Uint8Array>([
    ['run.json', utf8(JSON.stringify(run, null, 2))],
    ['checkpoint.safetensors', encodeCheckpoint(checkpoint)],
    ['metrics.json', utf8(JSON.stringify(writeMetrics(metrics)))],
    ['metrics.csv', utf8(METRICS_HEADER + lines.map((line) => metricsLine(line)).join(''))],
    ['text.tokens', tokens],
  ]);
  if (best !== null) files.set('best.safetensors', encodeCheckpoint(best));
  const plain = name.replace(/[^\p{L}\p{N}.-]+/gu, '-').replace(/^[-.]+|[-.]+$/g, '');
  return { name: `${plain.slice(0, 80) || 'run'}.inkling.zip`, bytes: writeZip(files).buffer };
}

/**
 * Reads the file of a run, which anybody may have written: an archive as above, or a checkpoint alone, which learns
 * `present` or a text that is at hand. Whatever it says of itself is checked, or counted anew.
 */
export async function importArchive(fileName: string, file: Blob, present: RunText | undefined): Promise<RunParts> {
  if (file.size > MOST_BYTES) {
    throw refusal(`it has ${file.size.toLocaleString('en-US')} bytes, more than a page can hold`);
  }
  const bytes = new Uint8Array(
    await file.arrayBuffer().catch(() => {
      throw new InklingError('unreadable-file', `“${fileName}” could not be read.`, 'See whether it still exists.');
    }),
  );
  return isZip(bytes) ? fromArchive(readZip(bytes)) : fromCheckpoint(fileName, bytes, present);
}

async function fromArchive(files: Map<string, Uint8Array<ArrayBuffer>>): Promise<RunParts> {
  const json = files.get('run.json');
  if (json === undefined) {
    throw new InklingError(
      'no-run-file',
      'This archive holds no run of Inkling: it has no run.json.',
      'Choose a file that “Export” has written here.',
    );
  }
  const run = parse(json, 'run.json');
  if (run.format !== FORMAT) throw refusal('it was written by another version');
  const name =
    typeof run.name === 'string' && run.name.trim() !== '' ? run.name.slice(0, LONGEST_NAME) : 'Imported run';
  const checkpoint = readCheckpoint(files.get('checkpoint.safetensors'), 'checkpoint.safetensors');
  const packed = files.get('text.tokens');
  if (packed === undefined) throw refusal('it has no text.tokens');
  const tokens = checkTokens(packed.slice(), run.bits, checkpoint);
  const best = files.has('best.safetensors') ? readCheckpoint(files.get('best.safetensors'), 'best.safetensors') : null;
  const same = (of: Checkpoint) => JSON.stringify([of.model, of.training, of.vocabulary, of.text]);
  if (best !== null && same(best) !== same(checkpoint)) throw refusal('its two states are of different runs');
  const told = files.has('metrics.json') ? readMetrics(parse(files.get('metrics.json')!, 'metrics.json')) : noMetrics();
  const dataset = typeof run.dataset === 'string' && isDatasetName(run.dataset) ? run.dataset : null;
  const named = dataset !== null && DATASETS[dataset].title === checkpoint.text.name;
  const record = await recordOf(name, checkpoint, tokens, named ? dataset : null);
  record.begun = run.begun === 'model' ? 'model' : run.begun === 'seed' ? 'seed' : undefined;
  record.computed = readComputed(run.computed);
  return { record, tokens, checkpoint, best, metrics: divide(told, checkpoint.state).told };
}

/** A checkpoint alone goes on with the text that it names. Throws `other-text` where that is not here. */
async function fromCheckpoint(
  fileName: string,
  bytes: Uint8Array<ArrayBuffer>,
  present: RunText | undefined,
): Promise<RunParts> {
  const checkpoint = readCheckpoint(bytes, fileName);
  const { name, sha256: wanted } = checkpoint.text;
  const dataset = DATASET_NAMES.find((one) => one !== 'shakespeare' && (one === name || DATASETS[one].title === name));
  let text = present;
  if (text?.sha256 !== wanted && dataset !== undefined) text = await textOf({ kind: 'dataset', name: dataset });
  const { vocabulary } = checkpoint;
  if (text?.sha256 !== wanted || String(text.tokenizer.vocabulary) !== String(vocabulary)) {
    throw new InklingError(
      'other-text',
      `“${fileName}” is a run on the text “${name}”, which is not the one that is chosen here.`,
      'Choose that text first and import the file again, or take its weights alone, under “Start from”.',
    );
  }
  const tokens = packTokens(text.ids, vocabulary.length).bytes;
  const plain = fileName.replace(/\.safetensors$/, '').slice(0, LONGEST_NAME) || 'Imported run';
  const record = await recordOf(plain, checkpoint, tokens, text.dataset);
  record.best = null; // that state is not in the file
  return { record, tokens, checkpoint, best: null, metrics: noMetrics() };
}

/** A run that stands where its checkpoint does, and has just been imported. */
async function recordOf(
  name: string,
  checkpoint: Checkpoint,
  tokens: Uint8Array<ArrayBuffer>,
  dataset: string | null,
): Promise<RunRecord> {
  const { model, training, text, val_loss, state } = checkpoint;
  const { vocab_size, ...shape } = model;
  const now = Date.now();
  const { step, evaluated, sampled, best } = state;
  return {
    id: crypto.randomUUID(),
    name,
    created: now,
    saved: now,
    state: step === training.max_iters ? 'finished' : 'stopped',
    step,
    evaluated,
    sampled,
    config: { model: shape, training },
    text,
    corpus: { sha256: await sha256(tokens), bits: vocab_size <= 256 ? 8 : 16, dataset },
    vocab_size,
    parameters: parameterCount(model),
    val_loss,
    best,
    fork: null,
  };
}

function readCheckpoint(bytes: Uint8Array<ArrayBuffer> | undefined, name: string): Checkpoint {
  if (bytes === undefined) throw refusal(`it has no ${name}`);
  const checkpoint = decodeCheckpoint(bytes);
  if (checkpoint.tokenizer_json !== undefined) {
    throw refusal('its tokens are more than a character each, which is for the command line only');
  }
  const { name: text, sha256: hash } = checkpoint.text;
  if (typeof text !== 'string' || text.length > 1000 || !/^[0-9a-f]{64}$/.test(hash)) {
    throw refusal(`${name} does not say which text it learns`);
  }
  CharacterTokenizer.ofVocabulary(checkpoint.vocabulary, checkpoint.text.documents === true); // throws where it is none
  return checkpoint;
}

/** Ids that the run's vocabulary has, and enough of them. */
function checkTokens(tokens: Uint8Array<ArrayBuffer>, bits: unknown, { model }: Checkpoint): Uint8Array<ArrayBuffer> {
  const wanted = model.vocab_size <= 256 ? 8 : 16;
  if (bits !== wanted || tokens.length % (wanted / 8) !== 0) throw refusal('its text.tokens is damaged');
  const ids = unpackTokens(tokens, wanted);
  for (const id of ids)
    if (id >= model.vocab_size) throw refusal('its text has characters that its model does not know');
  checkLength({ ids }, model.block_size);
  return tokens;
}

function readComputed(value: unknown): Computed | undefined {
  if (!isObject(value) || typeof value.on !== 'string' || !isObject(value.products)) return undefined;
  const products = Object.entries(value.products);
  const sound = products.every(
    ([shape, variant]) => shape.length < 40 && typeof variant === 'string' && variant.length < 40,
  );
  if (!sound || products.length > 200) return undefined;
  return {
    on: value.on.slice(0, LONGEST_NAME),
    products: Object.fromEntries(products) as Record<string, string>,
    precision: value.precision === 'f16' ? 'f16' : 'f32',
  };
}

function parse(bytes: Uint8Array, name: string): Record<string, unknown> {
  try {
    return parseObject(bytes);
  } catch (error) {
    throw refusal(`its ${name} ${error instanceof Error ? error.message : error}`);
  }
}

export function refusal(fault: string): InklingError {
  return new InklingError(
    'bad-run',
    `This is no sound run of Inkling: ${fault}.`,
    'It is damaged or of another kind: take another copy, or export the run once more.',
  );
}
