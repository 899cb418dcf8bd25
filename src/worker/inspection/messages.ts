import type { TrainingConfig } from '../../model/config.ts';
import type { WeightUpdate } from '../../training/inspection/step-walk.ts';
import type { Result } from '../messages.ts';

export type { WeightUpdate };

/** What of a parameter is looked at. `change`: since the first step. `gradient`: of the last step that was made. */
export const TENSOR_SOURCES = ['weights', 'change', 'gradient', 'moment1', 'moment2'] as const;
export type TensorSource = (typeof TENSOR_SOURCES)[number];

/** How several numbers are shown as one: by their mean, or by the one furthest from zero. */
export type Thinning = 'mean' | 'strongest';

/** A part of a matrix, from inclusive and to exclusive. */
export interface Part {
  rows: readonly [from: number, to: number];
  columns: readonly [from: number, to: number];
}

/** A matrix, or a part of one, in as many cells as a picture of it has at most. */
export interface MatrixPicture extends Part {
  /** Of the whole matrix; a vector is a matrix of one row. */
  shape: readonly [rows: number, columns: number];
  height: number;
  width: number;
  /** (height, width): each stands for as many rows and columns as it takes, thinned. */
  cells: Float32Array<ArrayBuffer>;
}

/** Of all numbers of a tensor, whatever part of it is on show. */
export interface TensorSummary {
  size: number;
  min: number;
  max: number;
  mean: number;
  std: number;
  /** ‖·‖, the root of the sum of the squares. */
  norm: number;
  /** Numbers that are NaN or infinite; all else is of the others. */
  notFinite: number;
  /** Counts between `from` and `to`, all bins equally wide. */
  histogram: { from: number; to: number; counts: number[] };
}

export interface TensorRequest {
  name: string;
  source: TensorSource;
  /** All of it without one. */
  part?: Part | undefined;
  thinning: Thinning;
}

export interface TensorView {
  /** Steps that the run had made by then. */
  step: number;
  picture: MatrixPicture;
  summary: TensorSummary;
}

/** How far a tensor has come. */
export interface TensorMovement {
  name: string;
  shape: readonly number[];
  /** ‖w‖. */
  norm: number;
  /** ‖w₀‖ and ‖w − w₀‖; null where it is not known what the run began with. */
  before: { norm: number; moved: number } | null;
  /** Norm of the gradient of the last step; null before there is one. */
  gradient: number | null;
}

export interface Movements {
  step: number;
  /** In nanoGPT's order. */
  tensors: TensorMovement[];
  /** What of them may be looked at. */
  sources: TensorSource[];
}

/** A token as a point: the first two principal components of the embedding. */
export interface EmbeddingMap {
  step: number;
  characters: readonly string[];
  /** (V, 2). */
  points: Float32Array<ArrayBuffer>;
  /** Shares of the variance along the two. */
  shares: [number, number];
}

export interface Neighbour {
  character: string;
  id: number;
  /** −1 to 1. */
  cosine: number;
}

/** Tokens with their probabilities, likeliest first. */
export interface Predictions {
  ids: Uint32Array<ArrayBuffer>;
  probabilities: Float32Array<ArrayBuffer>;
}

/** What the model makes of a text of n tokens. */
export interface PromptView {
  step: number;
  /** Of the tokens that were looked at: the last ones, where the text was longer than `most`. */
  characters: string[];
  most: number;
  /** Characters before them that were left out. */
  leftOut: number;
  vocabulary: readonly string[];
  layers: number;
  heads: number;
  /** (layers, heads, n, n); rows sum to one. */
  attention: Float32Array<ArrayBuffer>;
  /** Predictions kept of each place. */
  kept: number;
  /** (layers + 1, n, kept): the logit lens; the last are the model's own. */
  lens: Predictions;
  /** (layers + 1, n - 1): the probability of the character that does come. */
  right: Float32Array<ArrayBuffer>;
  /** (n - 1): the loss of each character but the first, in nats. */
  losses: Float32Array<ArrayBuffer>;
}

/** The next step of the run, before one looks closer. */
export interface WalkView {
  /** Steps that the run had made before. */
  step: number;
  /** Whether the run has made all of its steps, and this would be one more. */
  beyond: boolean;
  training: TrainingConfig;
  /** Of the batch, or of the first of several: rows of characters, and what follows the last of each. */
  rows: string[][];
  ids: Uint32Array<ArrayBuffer>;
  sequence: number;
  vocabulary: readonly string[];
  layers: number;
  heads: number;
  activation: string;
  /** (T) of the sequence: the loss of the prediction made at each place. */
  losses: Float32Array<ArrayBuffer>;
  loss: number;
  grad_norm: number;
  lr: number;
  clip: number;
  corrections: [number, number];
  average_rate: number;
  /** Norms of the sequence's gradients in each place, in the order of the forward pass. */
  backwards: { stage: string; norm: number }[];
  /** The learnable tensors, with the norm of their gradient before clipping. */
  tensors: { name: string; shape: readonly number[]; decay: boolean; gradient: number }[];
}

/** What goes on at one place of the sequence, number by number. */
export interface PlaceView {
  place: number;
  /** (C) each: the rows of the two tables, and their sum as it enters the first block. */
  token: Float32Array<ArrayBuffer>;
  position: Float32Array<ArrayBuffer>;
  embedding: Float32Array<ArrayBuffer>;
  /** (V). */
  logits: Float32Array<ArrayBuffer>;
  probabilities: Float32Array<ArrayBuffer>;
  /** (V): the gradient of the mean loss by this place's logits. */
  dlogits: Float32Array<ArrayBuffer>;
}

/** A block at one place of the sequence. */
export interface BlockView {
  layer: number;
  place: number;
  /** Of the chosen head (T, T). */
  pattern: MatrixPicture;
  /** (T): how much the place attends to each in that head. */
  attended: Float32Array<ArrayBuffer>;
  /** (HS) of the chosen head: the place's query, key and value. */
  query: Float32Array<ArrayBuffer>;
  key: Float32Array<ArrayBuffer>;
  value: Float32Array<ArrayBuffer>;
  /** (C): what attention gathers, and the stream behind it. */
  mixed: Float32Array<ArrayBuffer>;
  middle: Float32Array<ArrayBuffer>;
  /** (H): behind the activation. */
  hidden: Float32Array<ArrayBuffer>;
  /** (C): the stream behind the block. */
  out: Float32Array<ArrayBuffer>;
}

/** What the page may ask of the model that is on the GPU: its numbers, at one moment. All fail with `no-model`. */
export interface InspectionCommands {
  /** All learnable numbers, laid out as `ParameterLayout` says. */
  weights(): Promise<Result<Float32Array>>;
  movements(): Promise<Result<Movements>>;
  /** Codes: `no-step` for the gradient before one was made here, `no-beginning` for the change of a run whose first
   * weights are not known. */
  tensor(request: TensorRequest): Promise<Result<TensorView>>;
  embeddingMap(): Promise<Result<EmbeddingMap>>;
  /** The characters that are most like one, by the cosine of their embeddings. */
  neighbours(id: number, count: number): Promise<Result<Neighbour[]>>;
  /** Codes: `unknown-characters`, `out-of-memory`. */
  lookAt(text: string): Promise<Result<PromptView>>;
  /** Makes the next step of the run on copies; `afresh` of the run as it is now, and else once more of what was copied
   * before. Codes: `not-finite`, `out-of-memory`. */
  walk(sequence: number, afresh: boolean): Promise<Result<WalkView>>;
  walkPlace(place: number): Promise<Result<PlaceView>>;
  walkBlock(layer: number, head: number, place: number): Promise<Result<BlockView>>;
  walkUpdate(name: string, index: number): Promise<Result<WeightUpdate>>;
  /** Nobody looks any more: all memory for it is given back. */
  release(): Promise<Result<null>>;
}
