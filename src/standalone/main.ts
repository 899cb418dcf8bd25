import { TextStream } from '../generation/text-stream.ts';
import { layoutOf } from '../model/parameters.ts';
import { CharacterTokenizer } from '../text/tokenizer.ts';
import { openGPU } from './gpu.ts';
import { type StandaloneModel, spreadWeights, type Writing } from './model.ts';
import { openPlain } from './plain.ts';

/** A page with a model in it: by WebGPU, or in plain JavaScript where there is none. */

const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
const model: StandaloneModel = JSON.parse(element('model').textContent);
const tokenizer = CharacterTokenizer.ofVocabulary(model.vocabulary, model.documents);
const count = (value: number) => value.toLocaleString('en');
const number = (id: string) => element<HTMLInputElement>(id).valueAsNumber;
const prompt = element<HTMLTextAreaElement>('prompt');
const generate = element<HTMLButtonElement>('generate');
const stop = element<HTMLButtonElement>('stop');
const state = element('state');

/** How often what has been written is shown, in milliseconds. */
const SHOWN_EVERY = 40;
const NEVER = 0xffffffff;

function describe(): void {
  const { text, steps, val_loss, config, bits } = model;
  const title = text === '' ? 'A small language model' : `A small language model of ${text}`;
  document.title = title;
  document.querySelector('h1')!.textContent = title;
  const learnt = steps > 0 ? `It has learnt from it in ${count(steps)} steps` : 'It has been trained elsewhere';
  const loss = val_loss === null ? '' : `, to a validation loss of ${val_loss.toFixed(3)} nats a character`;
  element('about').textContent = `${learnt}${loss}. Give it a beginning, and it writes on.`;
  const { n_layer, n_embd, block_size } = config;
  const parameters = count(layoutOf(config).count);
  const kept = bits === 32 ? 'in 32 bits each' : `its matrices in ${bits} bits a number`;
  element('facts').textContent =
    `A GPT of ${parameters} parameters, ${kept}: ${n_layer} layers, ${n_embd} wide, sees ${block_size} characters.`;
  prompt.value = model.prompt;
}

/** Where it computes, in words, and how it writes there. `#javascript` in the address leaves the GPU out. */
async function open(): Promise<{ place: string; write: Writing }> {
  const weights = spreadWeights(model);
  if (location.hash !== '#javascript') {
    try {
      const { name, write } = await openGPU(model, weights);
      return { place: `by WebGPU on ${name}`, write };
    } catch {
      // plain JavaScript needs nothing
    }
  }
  return { place: 'in plain JavaScript', write: openPlain(model, weights) };
}

/** The text on show, with the prompt set off. */
function show(beginning: string, written: string): void {
  const mark = document.createElement('b');
  mark.textContent = beginning;
  element('text').replaceChildren(mark, written);
}

let stopped = true;

async function writeOn({ place, write }: Awaited<ReturnType<typeof open>>): Promise<void> {
  const beginning = prompt.value;
  const { end, never = NEVER } = tokenizer.ending();
  const ids = tokenizer.begin(beginning);
  const request = { ids, never, ...{ length: number('length'), temperature: number('temperature') } };
  const stream = new TextStream(tokenizer);
  const started = performance.now();
  let written = '';
  let characters = 0;
  let shown = 0;
  state.textContent = `Writing ${place} …`;
  for await (const id of write({ ...request, top_k: number('top_k'), seed: number('seed') })) {
    if (stopped || id === end) break;
    written += stream.push(id);
    characters++;
    if (performance.now() - shown > SHOWN_EVERY) {
      show(beginning, written);
      await new Promise((resolve) => setTimeout(resolve)); // lets the page draw, and hear a click
      shown = performance.now();
    }
  }
  show(beginning, written + stream.end());
  const seconds = (performance.now() - started) / 1000;
  const rate = Number((characters / seconds).toPrecision(2));
  state.textContent = `${count(characters)} characters written ${place}, ${count(rate)} a second.`;
}

describe();
const opened = open();
void opened.then(({ place }) => {
  state.textContent = `Ready to write ${place}.`;
});

function busy(now: boolean): void {
  stopped = !now;
  generate.setAttribute('aria-disabled', String(now));
  stop.hidden = !now;
}

document.querySelector('form')!.addEventListener('submit', async (event) => {
  event.preventDefault();
  if (!stopped) return;
  busy(true);
  try {
    await writeOn(await opened);
  } catch (error) {
    const { message, hint = '' } = error as Error & { hint?: string };
    state.textContent = `${message} ${hint}`;
  }
  busy(false);
});
stop.addEventListener('click', () => {
  stopped = true;
  generate.focus();
});
prompt.addEventListener('keydown', (event) => {
  if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) generate.click();
});
