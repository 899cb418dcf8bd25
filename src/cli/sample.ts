import { Generator, traceGenerator } from '../generation/generator.ts';
import { PARAMETERS } from '../graph/graph.ts';
import { Arena } from '../graph/program.ts';
import { traitsOf } from '../graph/traits.ts';
import { layoutOf } from '../model/parameters.ts';
import { TextStream, tokenizerOf } from '../text/byte-pair.ts';
import { weightsOf } from '../training/state.ts';
import { readFlags, UsageError } from './arguments.ts';
import { openDeviceInNode } from './open.ts';
import { Output } from './output.ts';
import { loadCheckpoint } from './run-folder.ts';

/** `sample`: continues a prompt with a trained model. */
export async function sample(argv: string[]): Promise<boolean> {
  const { flags } = readFlags(
    'sample',
    argv,
    {
      model: 'text',
      prompt: 'text',
      length: 'count',
      temperature: 'real',
      'top-k': 'count',
      'top-p': 'real',
      seed: 'count',
      json: 'switch',
    },
    false,
  );
  if (flags.model === undefined) {
    throw new UsageError('sample: --model is missing.', 'Name the folder that `train --out` has written.');
  }
  const bounds = {
    length: [1, 1e6],
    temperature: [0, 100],
    'top-k': [0, 1e6],
    'top-p': [1e-6, 1],
    seed: [0, 2 ** 32 - 1],
  };
  for (const [name, [low, high]] of Object.entries(bounds) as [keyof typeof bounds, [number, number]][]) {
    const value = flags[name];
    if (value !== undefined && (value < low || value > high)) {
      throw new UsageError(`sample: --${name} must be from ${low} to ${high}, not ${value}.`);
    }
  }
  const output = new Output(flags.json === true);
  const {
    model,
    vocabulary,
    tokenizer_json,
    text: learnt,
    state,
  } = await loadCheckpoint(flags.model, (line) => output.remark(line));
  const tokenizer = tokenizerOf(vocabulary, tokenizer_json, learnt.documents);
  const stream = new TextStream(tokenizer);
  const prompt = flags.prompt ?? '';
  const ids = tokenizer.begin(prompt);

  const device = await openDeviceInNode(output);
  const arena = new Arena(device);
  const traced = traceGenerator(model, layoutOf(model), traitsOf(device));
  arena.plan(traced.graph);
  const weights = weightsOf(state);
  device.gpu.queue.writeBuffer(await arena.named(PARAMETERS, weights.byteLength), 0, weights);
  const programs = await arena.compile();
  const generator = new Generator(device, arena, programs.get(traced.graph)!, traced);

  let text = prompt;
  output.stream(prompt);
  for await (const id of generator.generate(ids, {
    length: flags.length ?? 300,
    temperature: flags.temperature ?? 0.8,
    top_k: flags['top-k'] ?? 0,
    top_p: flags['top-p'] ?? 1,
    seed: flags.seed ?? 1337,
    ...tokenizer.ending(),
  })) {
    const piece = stream.push(id);
    text += piece;
    output.stream(piece);
  }
  const rest = stream.end();
  text += rest;
  output.stream(rest);
  output.result({ text }, '');
  device.gpu.destroy();
  return true;
}
