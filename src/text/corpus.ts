import { InklingError } from '../gpu/errors.ts';
import type { CharacterTokenizer } from './tokenizer.ts';

/** The largest file that is read, in bytes. */
export const MOST_BYTES = 200_000_000;

/** The most distinct characters that a text may have: more is a sign of a script that wants another tokenizer. */
export const MOST_CHARACTERS = 4096;

/** What a file is that is no plain text, by its first bytes. */
const SIGNATURES: readonly (readonly [start: string, kind: string])[] = [
  ['%PDF-', 'a PDF document'],
  ['PK\x03\x04', 'a ZIP archive, as .docx, .odt and .epub files are'],
  ['\xd0\xcf\x11\xe0', 'an old Word or Excel document'],
  ['{\\rtf', 'an RTF document'],
  ['\x89PNG', 'a PNG picture'],
  ['\xff\xd8\xff', 'a JPEG picture'],
  ['GIF8', 'a GIF picture'],
  ['\x1f\x8b', 'a gzip archive'],
];

const BYTE_ORDER_MARKS: readonly (readonly [mark: string, encoding: string])[] = [
  ['\xff\xfe', 'utf-16le'],
  ['\xfe\xff', 'utf-16be'],
];

function startsWith(bytes: Uint8Array, start: string): boolean {
  return bytes.length >= start.length && [...start].every((character, i) => character.charCodeAt(0) === bytes[i]);
}

function group(count: number): string {
  return count.toLocaleString('en-US');
}

/**
 * The text in a file's bytes: UTF-8, or UTF-16 that starts with its byte order mark. The mark is dropped.
 *
 * Throws `bad-text`, saying what the file looks like. `name` is how the message calls the file.
 */
export function decodeText(bytes: Uint8Array, name: string): string {
  const refuse = (fault: string, hint: string): never => {
    throw new InklingError('bad-text', `${name} ${fault}.`, hint);
  };
  if (bytes.length > MOST_BYTES) {
    refuse(
      `has ${group(bytes.length)} bytes, and the most that can be read is ${group(MOST_BYTES)}`,
      'Choose a smaller file, or a part of this one.',
    );
  }
  const kind = SIGNATURES.find(([start]) => startsWith(bytes, start))?.[1];
  if (kind) refuse(`is ${kind}, not plain text`, 'Save its words as a plain text file (.txt, UTF-8) and choose that.');

  const encoding = BYTE_ORDER_MARKS.find(([mark]) => startsWith(bytes, mark))?.[1] ?? 'utf-8';
  let text: string;
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {
    const binary = encoding === 'utf-8' && bytes.includes(0);
    return refuse(
      binary ? 'is a binary file, not plain text' : `is not ${encoding.slice(0, 6).toUpperCase()} text`,
      binary
        ? 'Choose a plain text file.'
        : 'Open it in a text editor, save it with the encoding UTF-8, and try again.',
    );
  }
  if (text.includes('\0')) {
    refuse(
      'holds zero bytes, which no plain text has',
      'If it is text, save it with the encoding UTF-8; otherwise choose another file.',
    );
  }
  return text;
}

/** Code points in a string. */
export function countCharacters(text: string): number {
  let count = text.length;
  for (let i = 0; i < text.length; i++) {
    if (text.codePointAt(i)! > 0xffff) {
      count--;
      i++;
    }
  }
  return count;
}

/**
 * Refuses a text that can't be trained on: `empty-text`, `too-many-characters`, or `short-text` when its training
 * or its validation part is shorter than one window of `block_size` + 1 characters.
 */
export function checkText(text: string, tokenizer: CharacterTokenizer, block_size: number): void {
  if (text.trim() === '') {
    throw new InklingError('empty-text', 'The text is empty.', 'Choose a file with words in it, or paste some.');
  }
  const different = tokenizer.vocab_size - 1;
  if (different > MOST_CHARACTERS) {
    throw new InklingError(
      'too-many-characters',
      `The text has ${group(different)} different characters, and the most that can be learnt is ${group(MOST_CHARACTERS)}.`,
      'Choose a text in an alphabetic script, or a part of this one.',
    );
  }
  const needed = 10 * block_size + 1;
  const count = countCharacters(text);
  if (count < needed) {
    throw new InklingError(
      'short-text',
      `The text has ${group(count)} characters, and a context of ${block_size} needs at least ${group(needed)}.`,
      'Choose a longer text, or a smaller context.',
    );
  }
}

/** The two parts of a corpus, as views: training sees only `train`. */
export interface Split {
  train: Uint32Array<ArrayBuffer>;
  val: Uint32Array<ArrayBuffer>;
}

/** The first 90 % of the ids for training and the last 10 % (rounded up) for validation. */
export function splitCorpus(ids: Uint32Array<ArrayBuffer>): Split {
  const n = Math.floor((ids.length * 9) / 10);
  return { train: ids.subarray(0, n), val: ids.subarray(n) };
}
