/** The library: everything that it promises stands here. See docs/library.md. */

export type { SamplingOptions } from './generation/options.ts';
export { InklingError } from './gpu/errors.ts';
export { type Engine, type ModelOptions, openEngine } from './library/engine.ts';
export type { Model, TrainListener, TrainOptions, TrainResult, WriteOptions } from './library/model.ts';
export type { Activation, GPTConfig, ModelShape, PresetName, TrainingConfig } from './model/config.ts';
export type { StepRecord } from './training/trainer.ts';
