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
  history: 'From noise to words',
  historyEmpty: 'Every sample of the run is kept, so that you can see how the writing changes.',
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
  notYet: 'You can ask as soon as training has begun.',
};

export const EXPORT = {
  heading: 'Take it with you',
  formats: {
    checkpoint: { name: 'Checkpoint', help: 'to go on with here, or in a terminal: one safetensors file' },
    huggingface: { name: 'Hugging Face', help: 'a ZIP for transformers, ONNX and nanoGPT, with how to train further' },
    gguf: { name: 'GGUF', help: 'for llama.cpp and what is built on it' },
    csv: { name: 'Curve', help: 'the losses, as comma-separated values' },
  },
  notYet: 'There is something to take once a run is paused, stopped or finished.',
  private: 'The file is written on this computer and goes nowhere else.',
};
