import { InklingError } from '../gpu/errors.ts';
import { END_OF_TEXT } from '../text/tokenizer.ts';
import { isObject, parseObject, quote } from './json.ts';

/**
 * `tokenizer.json` of one token a character: byte-pair encoding that has no pairs to merge, so that characters stay alone.
 * Without the decoder, text would come back with spaces between its characters.
 */
export function characterTokenizerJson(vocabulary: readonly string[]): string {
  const end = vocabulary.length - 1;
  return JSON.stringify({
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: [
      {
        id: end,
        content: END_OF_TEXT,
        single_word: false,
        lstrip: false,
        rstrip: false,
        normalized: false,
        special: true,
      },
    ],
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      ignore_merges: false,
      vocab: Object.fromEntries(vocabulary.map((token, id) => [token, id])),
      merges: [],
    },
  });
}

/** What a `tokenizer.json` holds. */
export interface TokenizerDescription {
  /** The token of each id, as the file spells it. */
  vocabulary: string[];
  /** Pairs to merge, the most urgent first. */
  merges: [string, string][];
  /** Whether it is one token a character and nothing else, with `<|endoftext|>` as the last one. */
  characters: boolean;
}

function refuse(fault: string): never {
  throw new InklingError(
    'bad-tokenizer',
    `Its tokenizer.json ${fault}.`,
    'Take another copy, or a GPT-2 whose tokenizer is byte-pair encoding.',
  );
}

/** What the files of the library “tokenizers” have, as of its version 0.22. Anything else would change what is meant. */
const KEYS = {
  file: 'version truncation padding added_tokens normalizer pre_tokenizer post_processor decoder model'.split(' '),
  model:
    'type dropout unk_token continuing_subword_prefix end_of_word_suffix fuse_unk byte_fallback ignore_merges vocab merges'.split(
      ' ',
    ),
  added: 'id content single_word lstrip rstrip normalized special'.split(' '),
};

function requireKnown(object: Record<string, unknown>, known: readonly string[]): void {
  const unknown = Object.keys(object).find((key) => !known.includes(key));
  if (unknown !== undefined) refuse(`has ${quote(unknown)}, which is not known here`);
}

function parseMerge(merge: unknown): [string, string] {
  const parts = typeof merge === 'string' ? merge.split(' ') : merge;
  if (!Array.isArray(parts) || parts.length !== 2 || !parts.every((part) => typeof part === 'string' && part !== '')) {
    refuse('has a merge that is not of two tokens');
  }
  return parts as [string, string];
}

/** The token of each id. Ids must be those from 0 on, each once. */
function listTokens(entries: [token: string, id: unknown][]): string[] {
  const tokens: string[] = new Array(entries.length);
  const seen = new Uint8Array(entries.length);
  for (const [token, id] of entries) {
    if (!Number.isSafeInteger(id) || (id as number) < 0 || (id as number) >= entries.length) {
      refuse(`gives ${quote(token)} no id of its vocabulary`);
    }
    if (seen[id as number]) refuse(`gives the id ${id} to two tokens`);
    seen[id as number] = 1;
    tokens[id as number] = token;
  }
  return tokens;
}

/** Reads a `tokenizer.json` that may be hostile. Throws `bad-tokenizer`. */
export function parseTokenizerJson(bytes: Uint8Array): TokenizerDescription {
  let file: Record<string, unknown>;
  try {
    file = parseObject(bytes);
  } catch (error) {
    refuse((error as Error).message);
  }
  const { model, added_tokens = [], version } = file;
  if (version !== '1.0') refuse('is of a version that is not read here');
  if (!isObject(model) || (model.type !== undefined && model.type !== 'BPE')) refuse('is not byte-pair encoding');
  if (!isObject(model.vocab) || !Array.isArray(model.merges)) refuse('has no vocabulary and merges');
  requireKnown(file, KEYS.file);
  requireKnown(model, KEYS.model);
  if (!Array.isArray(added_tokens)) refuse('has no list of added tokens');

  if (hasPattern([file.normalizer, file.pre_tokenizer, file.post_processor, file.decoder])) {
    refuse('cuts text by a regular expression of its own, and such an expression from a file is not run here');
  }

  const ids = new Map<string, unknown>(Object.entries(model.vocab));
  for (const added of added_tokens) {
    if (!isObject(added) || typeof added.content !== 'string' || added.content === '') {
      refuse('has an added token without content');
    }
    requireKnown(added, KEYS.added);
    if (ids.has(added.content) && ids.get(added.content) !== added.id) {
      refuse(`gives ${quote(added.content)} two ids`);
    }
    ids.set(added.content, added.id);
  }
  const vocabulary = listTokens([...ids]);
  const merges = model.merges.map(parseMerge);
  for (const [left, right] of merges) {
    if (!ids.has(left) || !ids.has(right) || !ids.has(left + right)) {
      refuse(`merges ${quote(left)} and ${quote(right)}, which its vocabulary does not have`);
    }
  }
  return { vocabulary, merges, characters: isCharacters(file, model, added_tokens, vocabulary) };
}

/** Whether a regular expression stands anywhere in it: one can be made so that it never comes to an end. */
function hasPattern(value: unknown): boolean {
  const open = [value];
  while (open.length > 0) {
    const next = open.pop();
    if (typeof next !== 'object' || next === null) continue;
    if (Object.hasOwn(next, 'Regex')) return true;
    for (const one of Object.values(next)) open.push(one);
  }
  return false;
}

/** Transformers writes a template of no special tokens where there was nothing. */
function addsNothing(post: unknown): boolean {
  if (post === null || post === undefined) return true;
  if (!isObject(post) || post.type !== 'TemplateProcessing' || !isObject(post.special_tokens)) return false;
  return Object.keys(post.special_tokens).length === 0;
}

function isCharacters(
  file: Record<string, unknown>,
  model: Record<string, unknown>,
  added: readonly unknown[],
  vocabulary: readonly string[],
): boolean {
  const none = (value: unknown) => value === null || value === undefined || value === false || value === '';
  return (
    [file.normalizer, file.pre_tokenizer, file.truncation, file.padding].every(none) &&
    addsNothing(file.post_processor) &&
    [model.byte_fallback, model.continuing_subword_prefix, model.end_of_word_suffix, model.dropout].every(none) &&
    isObject(file.decoder) &&
    file.decoder.type === 'Fuse' &&
    (model.merges as unknown[]).length === 0 &&
    added.length === 1 &&
    vocabulary.at(-1) === END_OF_TEXT &&
    vocabulary.slice(0, -1).every((token) => [...token].length === 1)
  );
}
