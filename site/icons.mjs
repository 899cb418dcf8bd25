// Draws the icons of the installed page from public/favicon.svg: `CHROME_PATH=... node site/icons.mjs`.

import { mkdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright';

const PUBLIC = fileURLToPath(new URL('../public/', import.meta.url));
const PAPER = '#f6f6f2';
const drop = readFileSync(`${PUBLIC}favicon.svg`, 'utf8');

// A launcher may cut a maskable icon to a circle of 80 % of its width; iOS paints no ground of its own.
const ICONS = [
  { name: '192', size: 192, drop: 0.94, ground: 'transparent' },
  { name: '512', size: 512, drop: 0.94, ground: 'transparent' },
  { name: '180', size: 180, drop: 0.72, ground: PAPER },
  { name: 'maskable-512', size: 512, drop: 0.56, ground: PAPER },
];

mkdirSync(`${PUBLIC}icons`, { recursive: true });
const browser = await chromium.launch({
  ...(process.env.CHROME_PATH ? { executablePath: process.env.CHROME_PATH } : {}),
  args: ['--no-sandbox'],
});
for (const { name, size, drop: share, ground } of ICONS) {
  const page = await browser.newPage({ viewport: { width: size, height: size }, colorScheme: 'light' });
  const side = `${100 * share}%`;
  await page.setContent(
    `<body style="margin:0;height:100vh;display:grid;place-items:center;background:${ground}">
     <style>svg { width: ${side}; height: ${side} }</style>${drop}`,
  );
  await page.screenshot({ path: `${PUBLIC}icons/${name}.png`, omitBackground: true });
  await page.close();
}
await browser.close();
