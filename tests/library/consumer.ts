// Compiled against the types of dist/lib, in a package of its own: what a consumer may write.
import {
  type Engine,
  type GPTConfig,
  InklingError,
  type Model,
  openEngine,
  type QuantizedModel,
  type TrainResult,
} from 'inkling';

export async function useEverything(gpu: GPU, text: string, signal: AbortSignal): Promise<string> {
  const engine: Engine = await openEngine(gpu);
  const model: Model = await engine.create({ text, preset: 'small', seed: 3, n_layer: 1, activation: 'relu' });
  const config: GPTConfig = model.config;
  const result: TrainResult = await model.train(text, {
    max_iters: 10 * config.n_layer,
    learning_rate: 1e-3,
    signal,
    onStep: ({ step, loss }) => console.log(step.toFixed(), loss.toFixed(3)),
    onEvaluation: ({ val_loss }) => console.log(val_loss.toFixed(3)),
  });
  const file: Uint8Array<ArrayBuffer> = model.save();
  const again = await engine.load(file);
  for await (const piece of again.stream('a', { top_k: 5 })) console.log(piece.toUpperCase());
  for await (const { val_loss, control_val_loss } of model.studyShrinking(text, [{ bits: 8 }], {
    prompt: 'a',
    signal,
  })) {
    console.log(val_loss - (control_val_loss ?? val_loss));
  }
  const pruned: Model = model.prune(0.5, 'tensor');
  const packed: QuantizedModel = pruned.quantize(4);
  console.log((await pruned.fineTune(text, 10, { signal })).step / packed.bytes, await packed.write('a'));
  // @ts-expect-error: packed weights cannot be trained
  await packed.train(text);
  // @ts-expect-error: there is no such preset
  await engine.create({ text, preset: 'huge' }).catch((error) => error instanceof InklingError && error.hint);
  // @ts-expect-error: a prompt is text
  await model.write(5);
  return `${await model.write('a', { length: 3, stop: '.' })} ${result.finished} ${await model.evaluate(text)}`;
}
