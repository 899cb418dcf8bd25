import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'vite';
import { minifyShaders } from './minify-shader.ts';

const FOLDER = new URL('../src/standalone/', import.meta.url);
const NAME = 'virtual:standalone-page';
const RESOLVED = `\0${NAME}`;

/** What the content of an inline script or style is allowed by. */
const hashOf = (text: string) => `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/** The script and the style of the page with a model in it, each as one piece. */
async function bundle(): Promise<{ script: string; style: string }> {
  const output = await build({
    root: fileURLToPath(FOLDER),
    configFile: false,
    publicDir: false,
    logLevel: 'error',
    plugins: [minifyShaders()],
    build: {
      write: false,
      target: 'es2023',
      modulePreload: false,
      cssMinify: true,
      cssTarget: 'chrome123', // the first with light-dark()
      rolldownOptions: {
        input: [fileURLToPath(new URL('main.ts', FOLDER)), fileURLToPath(new URL('page.css', FOLDER))],
      },
    },
  });
  const files = (Array.isArray(output) ? output : [output]).flatMap((one) => ('output' in one ? one.output : []));
  const script = files.find((file) => file.type === 'chunk' && file.isEntry && file.code.trim() !== '');
  const style = files.find((file) => file.fileName.endsWith('.css'));
  if (script?.type !== 'chunk' || style?.type !== 'asset') throw new Error('The standalone page was not built whole.');
  return { script: script.code.trim(), style: String(style.source).trim() };
}

/** The page, with `%MODEL%` where the model comes. It may run its own script and style, and reach nothing. */
export async function standaloneTemplate(): Promise<string> {
  const { script, style } = await bundle();
  if (/<\/script|<!--/i.test(script)) throw new Error('The script would end the element that it stands in.');
  const policy = `default-src 'none'; script-src ${hashOf(script)}; style-src ${hashOf(style)}; base-uri 'none'; form-action 'none'`;
  let page = readFileSync(new URL('page.html', FOLDER), 'utf8')
    .replace(/>\s+</g, '>\n<')
    .replace('></script>', '>%MODEL%</script>');
  const fill = (after: string, text: string) => {
    const parts = page.split(after);
    if (parts.length !== 2) throw new Error(`The standalone page has no place, or several, for ${after}.`);
    page = parts.join(after + text);
  };
  fill('<meta charset="utf-8" />', `\n<meta http-equiv="Content-Security-Policy" content="${policy}" />`);
  fill('<style>', style);
  fill('<script type="module">', script);
  return page;
}

/** Offers the page as the string that `virtual:standalone-page` exports; it is built when it is first asked for. */
export function standalonePage(): Plugin {
  let template: Promise<string> | undefined;
  return {
    name: 'inkling:standalone-page',
    resolveId: (id) => (id === NAME ? RESOLVED : null),
    async load(id) {
      if (id !== RESOLVED) return null;
      template ??= standaloneTemplate();
      return `export default ${JSON.stringify(await template)};`;
    },
  };
}
