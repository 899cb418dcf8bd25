import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { minifyShader } from '../../site/minify-shader.ts';
import { bindingsOf, specialise } from '../../src/gpu/kernel.ts';

const SHADERS = fileURLToPath(new URL('../../shaders/', import.meta.url));
const shaders = readdirSync(SHADERS).map((name) => [name, readFileSync(SHADERS + name, 'utf8')] as const);

/** WGSL's tokens, each as long as it can be: what would grow together does so here too. */
function tokens(code: string): string[] {
  const bare = code.replace(/\/\/.*$/gm, '');
  return bare.match(/[\w.]*\w[\w.]*|->|&&|\|\||<<=?|>>=?|[-+*/%&|^<>=!]=|\+\+|--|\/\*|\*\/|[^\s\w]/g) ?? [];
}

/** Constants that choose other branches for each `pick`. */
function constantsOf(source: string, pick: number): Record<string, boolean | number> {
  const constants: Record<string, boolean | number> = {};
  let i = 0;
  for (const [, name] of source.matchAll(/^\s*\/\/#if\s*!?(\w+)/gm)) constants[name!] ??= (pick >> (i++ % 3)) % 2 === 1;
  for (const [, name] of source.matchAll(/^\s*\/\/#repeat\s+\w+\s+(\w+)/gm)) constants[name!] ??= 1 + (pick % 4);
  return constants;
}

describe('minified shaders', () => {
  test.each(shaders)('%s says the same in every branch', (_, source) => {
    const small = minifyShader(source);
    for (let pick = 0; pick < 8; pick++) {
      const constants = constantsOf(source, pick);
      const whole = specialise({ source, entry: 'main', constants });
      const minified = specialise({ source: small, entry: 'main', constants });
      expect(tokens(minified)).toEqual(tokens(whole));
      expect([...bindingsOf(minified)]).toEqual([...bindingsOf(whole)]);
    }
    expect(small).not.toMatch(/\/\/(?!#(if|else|endif|repeat|endrepeat)\b)|\/\*|\n\s|[ \t]\n|\n\n/);
  });

  test('take less than two thirds of the place', () => {
    const size = (sources: readonly string[]) => sources.join('').length;
    const before = size(shaders.map(([, source]) => source));
    expect(size(shaders.map(([, source]) => minifyShader(source)))).toBeLessThan((2 * before) / 3);
  });
});

test.each([
  ['comments of both kinds, nested', 'a /* b /* c */ d\n e */ f; // g /* h\ni', 'a\nf;\ni\n'],
  ['words', 'let  x   = vec4f ( 1.0 , 2.0 ) ;', 'let x=vec4f(1.0,2.0);\n'],
  [
    'operators that would make another one',
    'x = a - -b; y = c / *p; var z: array<u32> = w;',
    'x=a- -b;y=c/ *p;var z:array<u32> =w;\n',
  ],
  ['directives', 'a\n  //#if  !X  \n b // c\n//#else\n//#endif\n', 'a\n//#if !X\nb\n//#else\n//#endif\n'],
  ['what only looks like a directive', 'a //#if X\n//#iffy\nb', 'a\nb\n'],
])('%s', (_, source, expected) => {
  expect(minifyShader(source)).toBe(expected);
});
