const VISIBLE: Readonly<Record<string, string>> = { '\n': '↵', ' ': '·', '\t': '→', '<|endoftext|>': '⊠' };
const NAMES: Readonly<Record<string, string>> = {
  '\n': 'line break',
  ' ': 'space',
  '\t': 'tab',
  '<|endoftext|>': 'end of text',
};

/** A character as something that can be seen, one character wide. */
export function glyph(character: string): string {
  const known = VISIBLE[character];
  if (known) return known;
  // a mark goes on a dotted circle, and what has no shape at all is shown by its number
  if (/\p{M}/u.test(character)) return `◌${character}`;
  if (/[\p{C}\p{Z}]/u.test(character)) return `U+${character.codePointAt(0)!.toString(16).toUpperCase()}`;
  return character;
}

/** A character as a screen reader can say it. */
export function spoken(character: string): string {
  return NAMES[character] ?? glyph(character);
}
