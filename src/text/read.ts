import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex } from '@noble/hashes/utils.js';
import { type Corpus, CorpusBuilder } from './corpus.ts';
import { checkSize, MOST_BYTES, PlainTextDecoder } from './decoder.ts';

/** The bytes of a text, wherever they come from. */
export interface ByteSource {
  /** What messages and the page call the text. */
  name: string;
  /** How many bytes will come, if that is known. */
  bytes?: number;
  chunks: AsyncIterable<Uint8Array>;
}

/** A text that has been read: its tokens, and what tells it from others. */
export interface TextCorpus extends Corpus {
  name: string;
  /** Of the bytes as they came, in hexadecimal. */
  sha256: string;
  /** How it begins. */
  preview: string;
}

/** What has been read, of how many bytes, if that is known. */
export type Progress = (done: number, total: number | undefined) => void;

/** Larger chunks are worked off in pieces, so that no large string is ever made. */
const PIECE = 2 ** 18;

/**
 * Reads a text as a stream: each chunk is hashed, decoded and turned into ids before the next one comes, so that the ids
 * are all that grows.
 *
 * Throws `bad-text`, `empty-text` or `too-many-characters`.
 */
export async function readCorpus(source: ByteSource, progress: Progress = () => {}): Promise<TextCorpus> {
  const { name, bytes: total } = source;
  if (total !== undefined) checkSize(name, total);
  const hash = sha256.create();
  const decoder = new PlainTextDecoder(name);
  const builder = new CorpusBuilder(Math.min(total ?? 0, MOST_BYTES));
  let done = 0;
  for await (const chunk of source.chunks) {
    for (let at = 0; at < chunk.length; at += PIECE) {
      const piece = chunk.subarray(at, at + PIECE);
      hash.update(piece);
      builder.add(decoder.decode(piece));
    }
    done += chunk.length;
    progress(done, total !== undefined && done <= total ? total : undefined); // a compressed length is too short
  }
  builder.add(decoder.end());
  return { name, sha256: bytesToHex(hash.digest()), ...builder.finish() };
}

/** The chunks of a stream. Not every browser can iterate over one. A reader who leaves early cancels it. */
export async function* chunksOf(stream: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      yield value;
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** A text that is there as a string. */
export function sourceOf(name: string, text: string): ByteSource {
  const bytes = new TextEncoder().encode(text);
  return {
    name,
    bytes: bytes.length,
    chunks: (async function* () {
      yield bytes;
    })(),
  };
}
