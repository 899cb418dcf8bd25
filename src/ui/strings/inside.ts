import type { TensorSource, Thinning } from '../../worker/inspection/messages.ts';
import { count } from '../format.ts';
import { percent } from './words.ts';

export const INSIDE_SECTIONS = ['weights', 'walk', 'prompt'] as const;
export type InsideSection = (typeof INSIDE_SECTIONS)[number];

export const INSIDE = {
  heading: 'Look inside',
  intro:
    'Every number of the model that is on this GPU can be seen here. Looking changes nothing: a run goes on to the bit as if nobody had looked.',
  sections: 'What to look at',
  names: {
    weights: 'What it has learnt',
    walk: 'One step, slowly',
    prompt: 'Attention and predictions',
  } satisfies Record<InsideSection, string>,
  noModel: 'There is no model to look at yet. Press Train first; a few steps are enough.',
  preparing: 'The next run is being prepared. Its model can be looked at as soon as it is there.',
  notLive:
    'The run on show is kept on the disk, and its model is not on the GPU. Continue it under Train to look inside.',
  failed: 'The run has ended with an error, and its model may be gone. Train again, or continue it from its last save.',
  again: 'Look again',
  looking: 'Looking …',
  asOf: (step: number) => `as it is after step ${count(step)}`,
};

export const HEAT = {
  role: 'picture of numbers',
  range: (from: number, to: number) => `${from}–${to}`,
  cell: (row: string, column: string, value: string) => `row ${row}, column ${column}: ${value}`,
  looks: (row: string, column: string, value: string) => `${row} looks at ${column}: ${value}`,
  element: (column: string, value: string) => `number ${column}: ${value}`,
  place: (place: string, value: string) => `${place}: ${value}`,
  notFinite: 'not a number',
  closer: 'Zoom in',
  further: 'Zoom out',
  numbers: 'Numbers around the cursor',
  table: (label: string) => `Numbers around the cursor of: ${label}`,
};

export const HISTOGRAM = {
  label: (what: string, min: string, max: string, mean: string, std: string) =>
    `Histogram of ${what}: from ${min} to ${max}, mean ${mean}, standard deviation ${std}`,
  size: 'Numbers',
  mean: 'Mean',
  std: 'Standard deviation',
  norm: 'Norm',
  range: 'From … to',
  notFinite: 'Not finite',
  table: 'Histogram as a table',
  from: 'From',
  count: 'Numbers',
};

const PARTS: Record<string, string> = {
  'transformer.wte.weight': 'Token embedding',
  'transformer.wpe.weight': 'Position embedding',
  'lm_head.weight': 'Output head',
  'transformer.ln_f.weight': 'Last norm, gain',
  'transformer.ln_f.bias': 'Last norm, bias',
  'ln_1.weight': 'norm before attention, gain',
  'ln_1.bias': 'norm before attention, bias',
  'attn.c_attn.weight': 'queries, keys, values',
  'attn.c_attn.bias': 'queries, keys, values, bias',
  'attn.c_proj.weight': 'attention’s projection',
  'attn.c_proj.bias': 'attention’s projection, bias',
  'ln_2.weight': 'norm before feed-forward, gain',
  'ln_2.bias': 'norm before feed-forward, bias',
  'mlp.c_fc.weight': 'feed-forward, in',
  'mlp.c_fc.bias': 'feed-forward, in, bias',
  'mlp.c_proj.weight': 'feed-forward, out',
  'mlp.c_proj.bias': 'feed-forward, out, bias',
};

/** A parameter in plain words: “Block 1: queries, keys, values”. */
export function tensorName(name: string): string {
  const [, layer, part] = /^transformer\.h\.(\d+)\.(.+)$/.exec(name) ?? [];
  return layer === undefined ? (PARTS[name] ?? name) : `Block ${Number(layer) + 1}: ${PARTS[part!] ?? part}`;
}

export const WEIGHTS = {
  heading: 'The tensors of the model',
  table: 'Each tensor with its norm and how far it has moved since the first step',
  help: '‖w‖ is the length of all numbers of a tensor taken as one arrow; ‖w − w₀‖ how far it has come from the random numbers that it began with.',
  noBeginning: 'What this run began with is not known, so how far it has come is not shown.',
  tensor: 'Tensor',
  shape: 'Shape',
  norm: '‖w‖',
  moved: '‖w − w₀‖',
  gradient: 'Last gradient',
  show: 'Show',
  thinning: 'Several numbers in one cell are shown by',
  thinnings: { mean: 'their mean', strongest: 'the strongest of them' } satisfies Record<Thinning, string>,
  sources: {
    weights: 'weights',
    change: 'change since the start',
    gradient: 'gradient of the last step',
    moment1: 'first moment',
    moment2: 'second moment',
  } satisfies Record<TensorSource, string>,
  sourceHelp: {
    weights: 'What the model computes with now.',
    change: 'w − w₀: what training has added to the random numbers that the seed drew.',
    gradient: 'How the loss of the last batch would have changed with each weight, before clipping; read from the GPU.',
    moment1: 'What the optimizer remembers of the last gradients: their running mean.',
    moment2: 'The running mean of their squares, which sets the size of each weight’s steps.',
  } satisfies Record<TensorSource, string>,
  whole: 'Whole tensor',
  part: (rows: readonly [number, number], columns: readonly [number, number]) =>
    `rows ${rows[0]}–${rows[1] - 1}, columns ${columns[0]}–${columns[1] - 1}`,
  pictureOf: (name: string, source: string) => `${name}, ${source}`,
  bias: 'Its bias',
};

export const MOVEMENT = {
  heading: 'How the weights have moved over the run',
  parts: 'Distance of each part of the model from where it began, ‖w − w₀‖',
  own: (tensor: string) => `${tensor}: its length and its distance from the start`,
  moved: '‖w − w₀‖',
  weight: '‖w‖',
  scale: 'norm',
  none: 'Norms are taken at evaluations and a few steps between; none has come yet.',
};

export const CHARACTERS = {
  heading: 'Characters as the model sees them',
  intro:
    'Each character is a row of the token embedding: a point in as many dimensions as the model is wide. Here are the two directions in which the points differ most.',
  map: 'Map of the characters',
  shares: (first: number, second: number) =>
    `Principal components (PCA): ${percent(first)} and ${percent(second)} of the variance.`,
  pick: 'Character',
  nearest: (character: string) => `Nearest to ${character}`,
  cosine: 'Cosine',
  table: 'The map as a table',
  help: 'Cosine: 1 where two rows point the same way, 0 where they have nothing to do with each other.',
};

export const WALK = {
  heading: 'One step, slowly',
  intro:
    'The very next training step of this run, made on copies: the batch that it would draw, its own weights, its own kernels.',
  begin: 'Make the step',
  afresh: 'Take the run as it is now',
  previous: 'Previous',
  next: 'Next',
  progress: (at: number, all: number) => `${at} of ${all}`,
  sequence: 'Sequence of the batch',
  follow: (character: string, place: number) =>
    `Followed from stage to stage: ${character} at place ${place}. Choose any other one above.`,
  below: 'below zero',
  above: 'above zero; the stronger the colour, the larger the number',
  block: 'Block',
  head: 'Head',
  step: (step: number) => `Step ${count(step + 1)} of the run`,
  beyond: 'The run has made all of its steps: this is one more, at the rate where the schedule ends.',
  dropout: (rate: number) =>
    `This run drops ${percent(rate)} of its activations; what is shown is after dropout, but for the attention pattern, which is before.`,
  batches: (batches: number) =>
    `A step of this run has ${batches} batches; this is the first, and the gradients are those of all.`,
};

export const STAGES = {
  batch: {
    name: 'Characters',
    text: (rows: number, length: number) =>
      `The GPU draws ${rows} windows of ${length} characters from the training text, at places that are a hash of seed, step and row. So the same step draws the same batch in every run.`,
    formula: 'start = hash(hash(hash(seed) ⊕ step) ⊕ row) mod windows',
  },
  ids: {
    name: 'Numbers',
    text: 'Each character becomes its number in the vocabulary. What is to be predicted at each place is the character one further on.',
    formula: 'x[t] = id of character t,   y[t] = x[t + 1]',
    rows: { place: 'place t', character: 'character', id: 'number x', next: 'to predict, y' },
  },
  embedding: {
    name: 'Embeddings',
    text: (C: number) =>
      `The number picks a row of ${C} numbers, and the place another one; their sum is what goes through the blocks.`,
    formula: 'x = wte[id] + wpe[place]',
    token: 'Row of the character',
    position: 'Row of the place',
    sum: 'What enters the first block',
  },
  attention: {
    name: 'Attention',
    text: 'The place asks with its query, and every place up to it answers with its key. The better they match, the more of that place’s value it takes.',
    formula: 'p[t, u] = softmax over u ≤ t of (q[t] · k[u] / √(head size))',
    pattern: 'Attention pattern: rows look at columns',
    query: 'Query',
    key: 'Key',
    value: 'Value',
    mixed: 'What all heads have gathered',
    looks: (character: string) => `Where ${character} looks`,
  },
  feedForward: {
    name: 'Feed-forward',
    text: (H: number) =>
      `Each place then thinks for itself: ${count(H)} features, each of which speaks up or stays silent, and a way back to the stream.`,
    formula: (activation: string) => `h = f(W₁ · norm(x) + b₁),   x ← x + W₂ · h + b₂,   f: ${activation}`,
    hidden: 'Features behind the activation',
    silent: (share: number) => `${percent(share)} of them are below zero or next to it.`,
    out: 'The stream behind this block',
  },
  logits: {
    name: 'Logits',
    text: 'The last norm and the head turn the stream into one score for each character of the vocabulary.',
    formula: 'logits = W · norm(x)',
    caption: 'The highest scores at this place; in red the character which does come',
  },
  probabilities: {
    name: 'Probabilities',
    text: 'Exponentials of the scores, scaled so that they sum to one: how likely the model holds each character to come next.',
    formula: 'p = exp(logit) / Σ exp(logits)',
    caption: 'The likeliest characters at this place; in red the one which does come',
  },
  loss: {
    name: 'Loss',
    text: 'The loss of a place is minus the logarithm of the probability of what does come. The loss of the step is the mean over all places of the batch.',
    formula: 'loss = − ln p[next]',
    here: (p: string, loss: string) => `Here: − ln ${p} = ${loss}`,
    mean: (loss: string) => `Mean over the batch: ${loss}`,
    losses: 'Loss at each place of the sequence',
  },
  backwards: {
    name: 'Gradients, backwards',
    text: 'How would the loss change if a number changed? At the logits that is the probability minus one for the right character; from there the chain rule carries it back through every block.',
    formula: (rows: number) => `d loss / d logit = (p − [is next]) / ${count(rows)}`,
    dlogits: 'Gradient by the logits of this place; in red the character which does come',
    norms: 'Length of the sequence’s gradient at each stage, from the end to the beginning',
    stage: 'Stage',
    norm: 'Length',
    whole: (norm: string) => `Over all weights of the model the gradient is ${norm} long.`,
  },
  update: {
    name: 'The update of one weight',
    text: 'The optimizer moves every weight a little against its gradient. Choose any weight, and see the numbers that the GPU has used.',
    tensor: 'Tensor',
    row: 'Row',
    column: 'Column',
  },
} as const;

/** A place of the forward pass in words. */
export function stageName(stage: string): string {
  if (stage === 'embedding') return 'Embedding';
  if (stage === 'logits') return 'Logits';
  const [, layer, part] = stage.split('.');
  const words: Record<string, string> = {
    qkv: 'queries, keys, values',
    mixed: 'gathered by attention',
    middle: 'stream behind attention',
    hidden: 'feed-forward, before the activation',
    out: 'stream behind the block',
  };
  return `Block ${Number(layer) + 1}: ${words[part!] ?? part}`;
}

export const UPDATE = {
  quantity: 'Quantity',
  formula: 'Formula with the numbers put in',
  value: 'Value',
  gradient: 'Gradient g',
  clip: 'Clip factor',
  clipped: 'Clipped gradient',
  withL2: 'With L2',
  lr: 'Learning rate',
  moment1: 'First moment m',
  moment2: 'Second moment v',
  velocity: 'Momentum m',
  corrected1: 'm, bias corrected',
  corrected2: 'v, bias corrected',
  direction: 'Direction',
  decay: 'Weight decay',
  old: 'Old weight',
  next: 'New weight',
  change: 'Change',
  average: 'Moving average of the weight',
  muon: 'Direction (orthogonalised by Newton and Schulz)',
  noDecay: 'not for this tensor',
  caption: (optimizer: string) =>
    `The update of the chosen weight by ${optimizer}, with the numbers that the GPU has used`,
  rounding: 'The GPU computes in 32 bits, so the last digit may differ from what a calculator says.',
};

/** A character and where it stands. */
const at = (character: string, place: number) => `“${character}” ${count(place)}`;

export const PROMPT_LOOK = {
  text: 'Text to look at',
  look: 'Look',
  intro:
    'Type a text that the model could read. Point at a character, or move through the text with the arrow keys, to see what it looks at and what the model expects after it.',
  leftOut: (left: number, most: number) =>
    `Only the last ${count(most)} characters are looked at; ${count(left)} before them are left out.`,
  shownText: 'The text, character by character',
  colours: { attention: 'Attention', loss: 'Loss by character' },
  colour: 'Colour the text by',
  character: (position: number, character: string) => `character ${position + 1}, ${character}`,
  noLoss: 'no loss: nothing came before it',
  layersHeads: 'Patterns of all heads',
  layersHeadsHelp: 'A row for each block, a picture for each head. Choose one to see it large.',
  headName: (layer: number, head: number) => `Block ${layer + 1}, head ${head + 1}`,
  pattern: (layer: number, head: number) =>
    `Attention pattern of block ${layer + 1}, head ${head + 1}: rows look at columns`,
  attends: (character: string, place: number, parts: string) => `${at(character, place)} looks at ${parts}.`,
  share: (character: string, place: number, share: string) => `${at(character, place)} (${share})`,
  next: (after: string) => `What may follow ${after}`,
  comes: 'what does come',
  lens: 'Logit lens',
  lensHelp:
    'The last norm and the head, put on the stream before its end: what the model would say if it stopped there. The last row is what it does say.',
  lensTable: 'Likeliest next character behind each block, at each place, with its probability',
  lensRow: (layer: number) => (layer === 0 ? 'Embedding' : `Block ${layer}`),
  behind: 'Behind',
  predictions: 'Likeliest, with probability',
  rightOne: 'What does come',
  end: 'nothing comes: the text ends here',
  lossTable: 'The loss of each character as a table',
  position: 'Place',
  char: 'Character',
  lossHeading: 'Loss',
  probability: 'Probability',
  mean: (loss: string, characters: number) => `Mean loss ${loss} nats over ${count(characters)} characters.`,
};
