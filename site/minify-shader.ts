import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';

/** Lines that `specialise` in src/gpu/kernel.ts obeys; to WGSL they are comments. */
const DIRECTIVE = /^\s*\/\/(#(?:if|else|endif|repeat|endrepeat)\b[\s!\w]*)/;
const OPERATOR = /[-+*/%<>=&|^!]/;
const WORD = /\w/;

/**
 * WGSL without comments and with no more white space than keeps its tokens apart. Lines stay lines, so that directives
 * keep their effect and a compiler's message can name one; no name is changed.
 */
export function minifyShader(source: string): string {
  const lines: string[] = [];
  let depth = 0; // block comments nest
  for (const line of source.split('\n')) {
    const directive = depth === 0 && DIRECTIVE.exec(line);
    if (directive) {
      lines.push(`//${directive[1]!.trim().replace(/\s+/g, ' ')}`);
      continue;
    }
    let code = '';
    for (let i = 0; i < line.length; i++) {
      const pair = line.slice(i, i + 2);
      if (pair === '/*' || (depth > 0 && pair === '*/')) {
        depth += pair === '/*' ? 1 : -1;
        code += ' ';
        i++;
      } else if (depth > 0) {
      } else if (pair === '//') {
        break;
      } else {
        code += line[i];
      }
    }
    const tight = tighten(code);
    if (tight !== '') lines.push(tight);
  }
  return `${lines.join('\n')}\n`;
}

/** Drops white space but where two words, or two operators, would grow together: `a - -b`, `array<u32> = x`. */
function tighten(code: string): string {
  return code.trim().replace(/\s+/g, (_, at: number, text: string) => {
    const before = text[at - 1]!;
    const after = /\S/.exec(text.slice(at))![0];
    return (WORD.test(before) && WORD.test(after)) || (OPERATOR.test(before) && OPERATOR.test(after)) ? ' ' : '';
  });
}

/** Minifies the shaders of a built site. Needed among the plugins of the page and of its workers. */
export function minifyShaders(): Plugin {
  return {
    name: 'inkling:minify-shaders',
    apply: 'build',
    enforce: 'pre',
    load(id) {
      const [path, query] = id.split('?');
      if (!path!.endsWith('.wgsl') || query !== 'raw') return null;
      this.addWatchFile(path!);
      return `export default ${JSON.stringify(minifyShader(readFileSync(path!, 'utf8')))};`;
    },
  };
}
