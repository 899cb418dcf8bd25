/** The library: everything that it promises stands here. See docs/library.md. */

export type { SamplingOptions } from './generation/options.ts';
export { InklingError } from './gpu/errors.ts';
export { type Engine, type ModelOptions, openEngine } from './library/engine.ts';
export type { WriteOptions } from './library/language-model.ts';
export type { Model, StudyOptions, TrainListener, TrainOptions, TrainResult } from './library/model.ts';
export type { QuantizedModel } from './library/quantized-model.ts';
export type { Activation, GPTConfig, ModelShape, PresetName, TrainingConfig } from './model/config.ts';
export type { Scope } from './training/pruning.ts';
export type { Measurement, Variant } from './training/shrink.ts';
export type { StepRecord } from './training/trainer.ts';
