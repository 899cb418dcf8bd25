import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeGGUF } from '../formats/gguf.ts';
import { huggingFaceFiles } from '../formats/huggingface/export.ts';
import type { PortableModel } from '../formats/portable-model.ts';
import { encodeStandalone } from '../formats/standalone.ts';
import { writeZip } from '../formats/zip.ts';
import { InklingError } from '../gpu/errors.ts';
import { titleOf } from '../text/datasets.ts';
import { encodeCheckpoint, portableModel } from '../training/checkpoint.ts';
import { readFlags, UsageError } from './arguments.ts';
import { METRICS } from './metrics-file.ts';
import { readBytes } from './open.ts';
import { Output } from './output.ts';
import { loadCheckpoint } from './run-folder.ts';

const FORMATS = ['huggingface', 'gguf', 'checkpoint', 'html', 'csv'] as const;
type Format = (typeof FORMATS)[number];

const FLAGS = {
  model: 'text',
  format: 'text',
  bits: 'count',
  prompt: 'text',
  out: 'text',
  json: 'switch',
} as const;

/** `export`: writes a model as a file, or a folder, that other programs open. */
export async function exportModel(argv: string[]): Promise<boolean> {
  const { flags } = readFlags('export', argv, FLAGS, false);
  for (const name of ['model', 'format', 'out'] as const) {
    if (!flags[name]) {
      throw new UsageError(
        `export: --${name} is missing.`,
        'Write export --model DIR --format huggingface|gguf|checkpoint|html|csv --out PATH.',
      );
    }
  }
  const format = flags.format as Format;
  if (!FORMATS.includes(format)) {
    throw new UsageError(`export: there is no format “${format}”.`, `Take one of ${FORMATS.join(', ')}.`);
  }
  const { bits = 8, prompt = '' } = flags;
  if (bits !== 8 && bits !== 4 && bits !== 32) {
    throw new UsageError(`export: --bits takes 8, 4 or 32, not ${bits}.`, 'Take one of them.');
  }
  if (format !== 'html' && (flags.bits !== undefined || flags.prompt !== undefined)) {
    throw new UsageError(
      `export: --bits and --prompt have no effect with the format ${format}.`,
      'Leave them out, or take --format html.',
    );
  }
  const output = new Output(flags.json === true);
  const out = flags.out!;
  const files = await encode(format, flags.model!, out, { bits, prompt }, output);
  let bytes = 0;
  for (const [path, content] of files) {
    await save(path, content);
    bytes += content.length;
  }
  const several = files.size > 1 ? `${files.size} files, ` : '';
  output.result({ format, out, bytes }, `Wrote ${out}: ${several}${bytes.toLocaleString('en-US')} bytes.`);
  return true;
}

/** What is to be written, by path. */
async function encode(
  format: Format,
  path: string,
  out: string,
  { bits, prompt }: { bits: 32 | 8 | 4; prompt: string },
  output: Output,
): Promise<Map<string, Uint8Array>> {
  if (format === 'csv') {
    return new Map([[out, await readBytes(join(path, METRICS))]]);
  }
  const checkpoint = await loadCheckpoint(path, (line) => output.remark(line));
  if (format === 'checkpoint') {
    return new Map([[out, encodeCheckpoint(checkpoint)]]);
  }
  const model: PortableModel = portableModel(checkpoint);
  if (format === 'gguf') {
    return new Map([[out, encodeGGUF(model)]]);
  }
  if (format === 'html') {
    const { default: template } = await import('virtual:standalone-page');
    const { text, state, val_loss } = checkpoint;
    const facts = { text: titleOf(text.name), steps: state.step, val_loss, prompt };
    return new Map([[out, encodeStandalone(template, model, bits, facts)]]);
  }
  const files = huggingFaceFiles(model);
  if (out.toLowerCase().endsWith('.zip')) {
    return new Map([[out, writeZip(files)]]);
  }
  return new Map([...files].map(([name, content]) => [join(out, name), content]));
}

async function save(path: string, content: Uint8Array): Promise<void> {
  try {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : error;
    throw new InklingError('not-saved', `${path} could not be written: ${code}.`, 'Choose another --out.');
  }
}
