import type { Constant } from '../gpu/kernel.ts';

type Constants = Readonly<Record<string, Constant>>;

/**
 * A kernel's source with what none of its uses needs left out: blocks that are switched the same way in all of them, and
 * the other entry points of the file. What is left means the same to `specialise`.
 */
export function narrowSource(source: string, entries: ReadonlySet<string>, uses: readonly Constants[]): string {
  return withoutEntries(withoutBlocks(source, uses), entries);
}

/** The constants that a source mentions. */
export function mentioned(source: string, constants: Constants): Constants {
  return Object.fromEntries(Object.entries(constants).filter(([name]) => new RegExp(`\\b${name}\\b`).test(source)));
}

/** Resolves each `#if` that all uses agree on. */
function withoutBlocks(source: string, uses: readonly Constants[]): string {
  const agreed = (name: string) => {
    const values = new Set(uses.map((constants) => constants[name]));
    return values.size === 1 ? [...values][0] : undefined;
  };
  const kept: string[] = [];
  /** Of each open block: whether it stays as it is; otherwise whether its present part is taken. */
  const open: { stays: boolean; taken: boolean }[] = [];
  for (const line of source.split('\n')) {
    const [, directive, not, name] = /^\s*\/\/#(if|else|endif)\s*(!?)(\w*)/.exec(line) ?? [];
    const outer = open.every(({ taken }) => taken);
    if (directive === 'if') {
      const value = agreed(name!);
      open.push({ stays: typeof value !== 'boolean', taken: typeof value !== 'boolean' || value === (not === '') });
      if (open.at(-1)!.stays && outer) kept.push(line);
    } else if (directive === 'else') {
      const block = open.at(-1)!;
      if (!block.stays) block.taken = !block.taken;
      else if (outer) kept.push(line);
    } else if (directive === 'endif') {
      if (open.pop()!.stays && outer) kept.push(line);
    } else if (outer) {
      kept.push(line);
    }
  }
  return kept.join('\n');
}

/** Cuts the entry points that are not called, each from its attribute to the end of its body. */
function withoutEntries(source: string, entries: ReadonlySet<string>): string {
  let text = source;
  for (const [whole, name] of source.matchAll(/@compute[^{]*?\bfn (\w+)\(/g)) {
    if (entries.has(name!)) continue;
    const start = text.indexOf(whole);
    let depth = 0;
    for (let at = text.indexOf('{', start); at < text.length; at++) {
      depth += text[at] === '{' ? 1 : text[at] === '}' ? -1 : 0;
      if (depth === 0) {
        text = text.slice(0, start) + text.slice(at + 1);
        break;
      }
    }
  }
  return text;
}
