const INVISIBLE: Readonly<Record<string, string>> = { ' ': 'space', '\t': 'tab', '\n': 'line break' };

/** A character as a sentence can show it: `“é” (U+00E9)`, or its name or number where there is nothing to see. */
export function describeCharacter(character: string): string {
  const number = `U+${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
  const name = INVISIBLE[character];
  if (name) return `${name} (${number})`;
  return /[\p{C}\p{Z}\p{M}]/u.test(character) ? number : `“${character}” (${number})`;
}

/** Up to five characters, listed for a sentence. */
export function listCharacters(characters: readonly string[]): string {
  const named = characters.slice(0, 5).map(describeCharacter).join(', ');
  return characters.length > 5 ? `${named} and ${characters.length - 5} more` : named;
}

/** The beginning of a line, of at most `most` characters (code points): whole words, if its first one is not longer. */
export function firstWords(line: string, most: number): string {
  const characters = Array.from(line);
  if (characters.length <= most) return line;
  const cut = characters.lastIndexOf(' ', most);
  return characters.slice(0, cut > 0 ? cut : most).join('');
}
