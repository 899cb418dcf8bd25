import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const UI = fileURLToPath(new URL('../../src/ui/', import.meta.url));

/** What the page's security policy would leave without effect, in words. */
function breaches(file: string, source: string): string[] {
  const found = [];
  if (/\sstyle=["'$]/.test(source) || /styleMap|setAttribute\(\s*['"]style/.test(source)) {
    found.push(`${file}: a style in an attribute; write .style=\${'…'} or set element.style by script`);
  }
  if (/\.(innerHTML|outerHTML|srcdoc)\s*=|insertAdjacentHTML|unsafeHTML|\beval\(|new Function\(/.test(source)) {
    found.push(`${file}: markup or script made from text`);
  }
  return found;
}

test('no element does what the security policy of the built page forbids', () => {
  const files = readdirSync(UI, { recursive: true, encoding: 'utf8' }).filter((path) => path.endsWith('.ts'));
  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap((file) => breaches(file, readFileSync(UI + file, 'utf8')))).toEqual([]);
});

const HOLE = '$' + '{x}';

test.each([
  '<div style="color: red">',
  `<div style=${HOLE}>`,
  'const { styleMap } = directives',
  "element.setAttribute('style', text)",
  'element.innerHTML = text',
])('the check itself catches %s', (source) => {
  expect(breaches('a.ts', source)).toHaveLength(1);
});

test.each([`<div .style=${HOLE}>`, 'element.style.width = 1', 'getComputedStyle(this)'])(
  'the check itself allows %s',
  (source) => {
    expect(breaches('a.ts', source)).toEqual([]);
  },
);
