import { listCharacters } from '../../text/characters.ts';
import { count } from '../format.ts';

export const SAMPLE = {
  heading: 'Sample',
  empty: 'What the model writes will stand here. At first it is noise; then come letters, words, and lines.',
  waiting: (step: number) => `The first sample comes at step ${count(step)}.`,
  training: (step: number) => `Written at step ${count(step)}`,
  prompted: 'Written from your prompt',
  writing: 'Writing from your prompt …',
  newest: 'Show the newest sample',
  copy: 'Copy',
  copied: 'Copied',
  moment: 'From noise to text',
  momentHelp: 'Every sample of the run, by step.',
  momentText: (step: number) => `step ${count(step)}`,
  mark: 'Mark by probability',
  legend: 'How likely each character was to the model',
  levels: ['50 % and more', '20 % to 50 %', '5 % to 20 %', '1 % to 5 %', 'under 1 %'],
  notKept: 'For this sample no probabilities were kept.',
  sheetHelp: 'Left and right arrow keys go from character to character and tell how each was chosen.',
  history: 'From noise to words',
  show: (step: number) => `Show the sample of step ${count(step)}`,
  historyEmpty: 'Every sample of the run is kept, so that you can see how the writing changes.',
};

const NAMES: Readonly<Record<string, string>> = { ' ': 'space', '\n': 'line break', '\t': 'tab' };

/** A character of a text in a sentence; null is the end of the text. */
export const nameOf = (character: string | null): string =>
  character === null ? 'end of text' : (NAMES[character] ?? `“${character}”`);

/** A probability in per cent, with two digits. */
function percent(probability: number): string {
  const value = 100 * probability;
  if (value < 0.01) return 'under 0.01 %';
  return `${value >= 10 ? Math.round(value) : value.toPrecision(value < 0.1 ? 1 : 2)} %`;
}

export const CHOICES = {
  hint: 'Point at a character, or press an arrow key on the sheet, to see how likely it was and what else could have stood there.',
  unknown: (name: string) => `${name}: how it was chosen has not been kept.`,
  chosen: (name: string, probability: number, drawnWith: number) =>
    `${name} had ${percent(probability)} by the model’s plain softmax (temperature 1), and was drawn with ${percent(drawnWith)} under the settings used. The likeliest here:`,
  list: 'The likeliest characters for this place',
  share: percent,
  take: (name: string) => `Go on with ${name} instead`,
  taking: ', go on with it instead',
};

export const PROMPT = {
  heading: 'Ask it to write',
  label: 'Prompt',
  temperature: 'Temperature',
  temperatureHelp: '0 always takes the likeliest character; higher is bolder.',
  length: 'Characters',
  seed: 'Seed',
  more: 'More about the choice of characters',
  topK: 'Top-k',
  topKHelp: 'Only so many of the likeliest; 0 for all.',
  topP: 'Top-p',
  topPHelp: 'Only the likeliest that together have this probability.',
  penalty: 'Repetition penalty',
  penaltyHelp: 'Above 1, what was just written becomes less likely.',
  generate: 'Generate',
  cancel: 'Cancel',
  again: 'Once more, with another seed',
  stop: 'Stop before',
  stopHelp: 'The text ends before it; \\n is a line break, and | separates several.',
  unknown: (characters: readonly string[]) =>
    `The model has never seen ${listCharacters(characters)}, so it cannot read this prompt: Generate would refuse it.`,
  leaveOut: (count: number) => (count === 1 ? 'Leave it out' : 'Leave them out'),
  notYet: 'You can ask as soon as training has begun.',
};

export const EXPORT = {
  heading: 'Take it with you',
  formats: {
    checkpoint: { name: 'Checkpoint', help: 'to go on with here, or in a terminal: one safetensors file' },
    huggingface: { name: 'Hugging Face', help: 'a ZIP for transformers, ONNX and nanoGPT, with how to train further' },
    gguf: { name: 'GGUF', help: 'for llama.cpp and what is built on it' },
    html: { name: 'Web page', help: 'one file that writes by itself, without a network, wherever it is opened' },
    csv: { name: 'Curve', help: 'the losses, as comma-separated values' },
  },
  bits: 'Bits a number',
  bitsOf: { 'html-8': '8 bits', 'html-4': '4 bits', 'html-32': '32 bits, as trained' },
  notYet: 'There is something to take once a run is paused, stopped or finished.',
  private: 'The file is written on this computer and goes nowhere else.',
};
