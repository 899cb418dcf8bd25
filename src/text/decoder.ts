import { InklingError } from '../gpu/errors.ts';

/** The largest text that is read, in bytes. */
export const MOST_BYTES = 200_000_000;

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

/** Bytes that tell what a file is: as many as the longest signature has. */
const HEAD = 5;

function startsWith(bytes: Uint8Array, start: string): boolean {
  return bytes.length >= start.length && [...start].every((character, i) => character.charCodeAt(0) === bytes[i]);
}

function group(count: number): string {
  return count.toLocaleString('en-US');
}

function join(a: Uint8Array, b: Uint8Array): Uint8Array {
  const joined = new Uint8Array(a.length + b.length);
  joined.set(a);
  joined.set(b, a.length);
  return joined;
}

/**
 * Decodes the bytes of a text as they come: UTF-8, or UTF-16 that starts with its byte order mark. The mark is dropped.
 *
 * Throws `bad-text`, saying what the bytes look like. `name` is how the message calls the text.
 */
export class PlainTextDecoder {
  readonly #name: string;
  /** The first bytes, until there are enough to tell what they begin. */
  #head: Uint8Array = new Uint8Array(0);
  #decoder: TextDecoder | undefined;
  #bytes = 0;

  constructor(name: string) {
    this.#name = name;
  }

  /** What a chunk adds to the text; always whole code points. */
  decode(chunk: Uint8Array): string {
    this.#bytes += chunk.length;
    if (this.#bytes > MOST_BYTES) refuseSize(this.#name, `more than ${group(MOST_BYTES)}`);
    if (this.#decoder) return this.#read(this.#decoder, chunk, false);
    this.#head = join(this.#head, chunk);
    return this.#head.length < HEAD ? '' : this.#begin(false);
  }

  /** What is left when the bytes have come to their end. */
  end(): string {
    return this.#decoder ? this.#read(this.#decoder, new Uint8Array(0), true) : this.#begin(true);
  }

  #begin(last: boolean): string {
    const head = this.#head;
    const kind = SIGNATURES.find(([start]) => startsWith(head, start))?.[1];
    if (kind) {
      this.#refuse(`is ${kind}, not plain text`, 'Save its words as a plain text file (.txt, UTF-8) and choose that.');
    }
    const encoding = BYTE_ORDER_MARKS.find(([mark]) => startsWith(head, mark))?.[1] ?? 'utf-8';
    this.#decoder = new TextDecoder(encoding, { fatal: true });
    return this.#read(this.#decoder, head, last);
  }

  #read(decoder: TextDecoder, chunk: Uint8Array, last: boolean): string {
    let text: string;
    try {
      text = decoder.decode(chunk, { stream: !last });
    } catch {
      if (decoder.encoding === 'utf-8' && chunk.includes(0)) {
        this.#refuse('is a binary file, not plain text', 'Choose a plain text file.');
      }
      this.#refuse(
        `is not ${decoder.encoding.slice(0, 6).toUpperCase()} text`,
        'Open it in a text editor, save it with the encoding UTF-8, and try again.',
      );
    }
    if (text.includes('\0')) {
      this.#refuse(
        'holds zero bytes, which no plain text has',
        'If it is text, save it with the encoding UTF-8; otherwise choose another file.',
      );
    }
    return text;
  }

  #refuse(fault: string, hint: string): never {
    throw new InklingError('bad-text', `${this.#name} ${fault}.`, hint);
  }
}

function refuseSize(name: string, bytes: string): never {
  throw new InklingError(
    'bad-text',
    `${name} has ${bytes} bytes, and the most that can be read is ${group(MOST_BYTES)}.`,
    'Choose a smaller file, or a part of this one.',
  );
}

/** Refuses a text of too many bytes. Throws `bad-text`. */
export function checkSize(name: string, bytes: number): void {
  if (bytes > MOST_BYTES) refuseSize(name, group(bytes));
}

/** The whole text in some bytes, with the same rules. */
export function decodeText(bytes: Uint8Array, name: string): string {
  checkSize(name, bytes.length);
  const decoder = new PlainTextDecoder(name);
  return decoder.decode(bytes) + decoder.end();
}
