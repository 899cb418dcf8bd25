import type { GPTConfig, OptimizerName } from '../../model/config.ts';
import type { CountedTensor, PartId } from '../../model/counts.ts';
import { sizeOf } from '../../model/counts.ts';
import { bytes, count } from '../format.ts';
import { CHOICE_NAMES } from './options.ts';

/** Words about a part of the model. */
export interface PartWords {
  name: string;
  /** In two plain sentences. */
  what: string;
  formula?: string;
  /** Paper and year. */
  source?: string;
}

const VASWANI = 'Vaswani et al., “Attention Is All You Need”, 2017';
const LAYER_NORM = 'Ba, Kiros and Hinton, “Layer Normalization”, 2016';
const NORM =
  'Shifts and scales the C numbers of each token to mean 0 and variance 1, then multiplies by a learnt gain and adds a learnt bias. It keeps the numbers in a range in which training is steady.';
const NORM_FORMULA = 'y = gain · (x − μ) / √(σ² + ε) + bias';

export const PARTS: Record<PartId, PartWords> = {
  wte: {
    name: 'Token embedding',
    what: 'Each token of the vocabulary has a row of C numbers of its own, looked up by its id. Training moves the rows until tokens that are used alike lie near each other.',
    formula: 'x = E[id]',
    source: 'Bengio et al., “A Neural Probabilistic Language Model”, 2003',
  },
  wpe: {
    name: 'Position embedding',
    what: 'Attention by itself does not know the order of what it sees, so each of the T places adds a row of its own. These rows are learnt like all others.',
    formula: 'x = E[id] + P[place]',
    source: 'Radford et al., “Improving Language Understanding by Generative Pre-Training”, 2018',
  },
  ln_1: { name: 'Norm', what: NORM, formula: NORM_FORMULA, source: LAYER_NORM },
  attn: {
    name: 'Attention',
    what: 'Every token looks back at itself and those before it, and takes from each as much as that one’s key matches its own query. This is the only place where tokens exchange anything.',
    formula: 'softmax(Q Kᵀ / √HS) V',
    source: VASWANI,
  },
  'attn.c_attn': {
    name: 'Queries, keys, values',
    what: 'One matrix makes three vectors of each token. The query is what it looks for, the key what it is found by, the value what it gives away.',
    formula: '(q, k, v) = W x + b',
    source: VASWANI,
  },
  'attn.heads': {
    name: 'Heads',
    what: 'The C channels are shared out to NH heads of HS = C / NH channels, and each head attends by itself. They multiply, but learn nothing: no parameters.',
    formula: 'a = softmax(q · k / √HS),  y = Σ a v',
    source: VASWANI,
  },
  'attn.c_proj': {
    name: 'Projection',
    what: 'Mixes what the heads have gathered. The result is as wide as the stream that it is added to.',
    formula: 'W y + b',
    source: VASWANI,
  },
  'attn.add': {
    name: 'Residual addition',
    what: 'What the branch has found is added to what was there, so the stream carries everything on. Gradients flow back through the addition unhindered, which is what makes deep models trainable.',
    formula: 'x ← x + attention(norm(x))',
    source: 'He et al., “Deep Residual Learning for Image Recognition”, 2016',
  },
  ln_2: { name: 'Norm', what: NORM, formula: NORM_FORMULA, source: LAYER_NORM },
  mlp: {
    name: 'Feed-forward',
    what: 'Every token thinks for itself: its C numbers are widened to H, bent by a curve, and narrowed again. Where H = 4 C, two thirds of a block’s matrices lie here.',
    formula: 'W₂ φ(W₁ x + b₁) + b₂',
    source: VASWANI,
  },
  'mlp.c_fc': {
    name: 'Widening',
    what: 'Each of the H hidden numbers is a weighted sum of the C numbers of a token, plus a bias. One can read each as a question put to the token.',
    formula: 'h = W₁ x + b₁',
    source: VASWANI,
  },
  'mlp.activation': {
    name: 'Activation',
    what: 'Lets positive numbers pass and holds negative ones back. Without a bend here, two matrices in a row could do no more than one.',
  },
  'mlp.c_proj': {
    name: 'Narrowing',
    what: 'Sums the bent hidden numbers up to C numbers again. Each hidden number that is on adds its own column to the stream.',
    formula: 'W₂ φ(h) + b₂',
    source: VASWANI,
  },
  'mlp.add': {
    name: 'Residual addition',
    what: 'What the feed-forward layers have found is added to the stream too. After the last block the stream holds the embedding and what every branch has added to it.',
    formula: 'x ← x + feed-forward(norm(x))',
    source: 'He et al., “Deep Residual Learning for Image Recognition”, 2016',
  },
  ln_f: { name: 'Final norm', what: NORM, formula: NORM_FORMULA, source: LAYER_NORM },
  lm_head: {
    name: 'Output head',
    what: 'Compares the stream with one row for each token of the vocabulary: the better they agree, the higher that token’s logit. A tied head takes the rows of the token embedding and learns none of its own.',
    formula: 'z = W x',
    source: 'Press and Wolf, “Using the Output Embedding to Improve Language Models”, 2017',
  },
  softmax: {
    name: 'Softmax',
    what: 'Turns the V logits into probabilities that sum to 1. In training, the loss is −ln of the probability of the token that does come next, and gradients of it move every parameter above.',
    formula: 'p = exp(z) / Σ exp(z),  loss = −ln p[next]',
    source: 'Shannon, “A Mathematical Theory of Communication”, 1948 (cross-entropy)',
  },
};

export const ACTIVATIONS: Record<GPTConfig['activation'], PartWords> = {
  gelu: {
    name: 'GELU',
    what: PARTS['mlp.activation'].what,
    formula: 'φ(x) = x Φ(x), Φ the normal distribution',
    source: 'Hendrycks and Gimpel, “Gaussian Error Linear Units”, 2016',
  },
  gelu_tanh: {
    name: 'GELU (tanh)',
    what: PARTS['mlp.activation'].what,
    formula: 'φ(x) = x/2 · (1 + tanh(√(2/π) (x + 0.044715 x³)))',
    source: 'Hendrycks and Gimpel, “Gaussian Error Linear Units”, 2016',
  },
  relu: {
    name: 'ReLU',
    what: PARTS['mlp.activation'].what,
    formula: 'φ(x) = max(0, x)',
    source: 'Nair and Hinton, “Rectified Linear Units Improve Restricted Boltzmann Machines”, 2010',
  },
};

const times = (factor: number, of: string) => (factor === 1 ? of : `${factor} ${of}`);

/** How the numbers of a tensor are counted: "V × C = 50,000 × 768 = 38,400,000". */
export function counted(config: GPTConfig, { factors, size }: CountedTensor): string {
  const symbols = factors.map(({ times: factor, symbol }) => times(factor, symbol)).join(' × ');
  const numbers = factors.flatMap((factor) => {
    const one = count(sizeOf(config, { ...factor, times: 1 }));
    return factor.times === 1 ? [one] : [count(factor.times), one];
  });
  return numbers.length === 1 ? `${symbols} = ${count(size)}` : `${symbols} = ${numbers.join(' × ')} = ${count(size)}`;
}

export const PARAMETERS = {
  heading: 'Parameters',
  intro:
    'A parameter is a number that nobody chooses: training finds it, by moving it a little, step by step, in the direction in which the loss falls. Below is every one of them, where it stands and what it costs.',
  subject: 'What to count',
  subjects: {
    form: 'The next run, as set under Train',
    run: (name: string) => `The run on show: ${name}`,
    published: 'Published models, by calculation only',
    worked: 'Worked examples',
    tied: 'Vocabulary 50,000, 768 wide, head tied',
    untied: 'Vocabulary 50,000, 768 wide, head of its own',
    own: 'Numbers of your own',
  },
  fields: {
    vocab_size: 'Vocabulary, V',
    block_size: 'Context, T',
    n_layer: 'Blocks',
    n_head: 'Heads, NH',
    n_embd: 'Width, C',
    n_inner: 'Hidden width, H',
  },
  bias: 'Biases',
  tied: 'Tied head',
  activation: 'Activation',
  optimizer: 'Optimizer',
  whatIf: 'Change any number to see what it would cost. Nothing here changes the next run.',
  whole: (name: string) => `${name} must be a whole number from 1 on.`,
  divisible: (width: number, heads: number) => `The width ${count(width)} is not divisible by ${count(heads)} heads.`,
  diagram: 'Architecture',
  input: 'a text as token ids',
  output: 'a probability for each token that may come next',
  stream: 'residual stream',
  block: (layer: number) => `Block ${count(layer + 1)}`,
  /** What a screen reader hears between the name of a box and its number. */
  ofBlock: (layer: number) => ` of block ${count(layer + 1)},`,
  unit: (parameters: number) => (parameters === 1 ? ' parameter' : ' parameters'),
  titled: (name: string, layer: number) => `${name} of block ${count(layer + 1)}`,
  more: (blocks: number, each: number) =>
    `${count(blocks)} more ${blocks === 1 ? 'block' : 'blocks'} like it, ${count(each)} parameters each`,
  heads: (heads: number) => (heads === 1 ? '1 head' : `${count(heads)} heads`),
  times: (blocks: number) => `× ${count(blocks)}`,
  showAll: 'Show each block',
  showOne: 'Show one for all',
  tiedShort: 'tied',
  tensors: 'Tensor',
  together: 'Together',
  formula: 'Its count',
  noTensors: 'It has no parameters: it only computes.',
  tiedHead: (size: number) => `It has none of its own: its ${count(size)} weights are those of the token embedding.`,
  shareOf: (share: string, blocks: number, all: string) =>
    blocks === 1 ? `${share} of all parameters` : `${share} of all parameters; in all ${count(blocks)} blocks ${all}`,
  training: 'Memory in training',
  inference: 'Memory in inference',
  memoryOf: (parts: [string, number][]) => parts.map(([name, size]) => `${name} ${bytes(size)}`).join(' + '),
  weights: 'weights',
  gradients: 'gradients',
  moments: (number: number, optimizer: OptimizerName) =>
    `${number === 1 ? 'one moment' : `${number} moments`} of ${CHOICE_NAMES[optimizer]}`,
  cache: 'keys and values of the context',
  forward: 'Operations a token, forward',
  backward: (training: string) =>
    `${training} in training, with the backward pass. Only products count; attention at the mean over the context.`,
  source: (paper: string) => `Source: ${paper}.`,
  curve: (name: string) => `The curve of ${name} from −4 to 4`,
};
