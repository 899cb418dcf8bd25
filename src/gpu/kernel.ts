import { InklingError } from './errors.ts';

/** A number becomes a u32 constant, a boolean a bool; text is a WGSL expression as it stands (see `float`). */
export type Constant = number | boolean | string;

/** One entry point of a shader file with the sizes it is specialised for. */
export interface Kernel {
  /** WGSL without its constants; see `specialise` for what may stand in it. */
  readonly source: string;
  readonly entry: string;
  /** Constants put in front of the source. Names in capitals. */
  readonly constants: Readonly<Record<string, Constant>>;
  /**
   * Names of those constants, all of them whole numbers, that the shader is told as it runs: kernels that differ in nothing
   * else are compiled once. Not for kernels with barriers: WGSL does not take a variable for the same in every thread.
   */
  readonly sizes?: readonly string[];
}

/** The buffer that tells them, which no shader declares itself. */
export const SIZES = 'sizes';
const SIZES_BINDING = 15;

/** What that buffer holds; undefined where all is compiled in. */
export function sizesOf({ constants, sizes = [] }: Kernel): Uint32Array<ArrayBuffer> | undefined {
  if (sizes.length === 0) return undefined;
  const numbers = new Uint32Array(4 * Math.ceil(sizes.length / 4));
  numbers.set(sizes.map((name) => Number(constants[name])));
  return numbers;
}

/**
 * Declares them as variables, which the entry point fills before anything else. (Not as members of a struct: then what uses a
 * constant's name could not stand as it is.)
 */
function toldSizes(sizes: readonly string[]): string[] {
  return [
    `@group(0) @binding(${SIZES_BINDING}) var<uniform> ${SIZES}: array<vec4u, ${Math.ceil(sizes.length / 4)}>;`,
    ...sizes.map((name) => `var<private> ${name}: u32;`),
    'fn read_sizes() {',
    ...sizes.map((name, i) => `  ${name} = ${SIZES}[${i >> 2}].${'xyzw'[i & 3]};`),
    '}',
  ];
}

function readingSizes(code: string, entry: string): string {
  return code.replace(new RegExp(`fn ${entry}\\s*\\((?:[^()]|\\([^()]*\\))*\\)\\s*{`), '$&\n  read_sizes();');
}

/** A buffer as the shader declares it. */
export interface BindingDeclaration {
  readonly binding: number;
  readonly type: GPUBufferBindingType;
}

export interface CompiledKernel {
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
  readonly declarations: ReadonlyMap<string, BindingDeclaration>;
}

/** A WGSL f32 literal that keeps every digit. */
export function float(value: number): string {
  return `f32(${Number.isInteger(value) ? value.toFixed(1) : value})`;
}

const DECLARATION = /@group\(0\)\s*@binding\((\d+)\)\s*var<(uniform|storage)(?:,\s*(read|read_write))?>\s*(\w+)/g;

/** The buffers that a source declares, by name. The shader is the one place that says what is written. */
export function bindingsOf(source: string): ReadonlyMap<string, BindingDeclaration> {
  const found = new Map<string, BindingDeclaration>();
  for (const [, binding, space, access, name] of source.matchAll(DECLARATION)) {
    const type = space === 'uniform' ? space : access === 'read_write' ? 'storage' : 'read-only-storage';
    found.set(name!, { binding: Number(binding), type });
  }
  return found;
}

function constantLine(name: string, value: Constant): string {
  if (typeof value === 'boolean') {
    return `const ${name}: bool = ${value};`;
  }
  return typeof value === 'number' ? `const ${name}: u32 = ${value}u;` : `const ${name} = ${value};`;
}

/**
 * Puts the constants in front of a source; keeps, of each `//#if NAME … //#else … //#endif`, the part that the boolean
 * constant NAME (or `!NAME`) selects; writes what stands between `//#repeat i COUNT` and `//#endrepeat` COUNT times (see
 * `unroll`). Blocks may be nested. Everything else is plain WGSL: sizes are constants rather than `override`s because
 * workgroup arrays sized by an override misbehave in Safari. Directives go first, wherever they stand.
 */
export function specialise({ source, entry, constants, sizes = [] }: Kernel): string {
  const directives: string[] = [];
  const compiled = Object.entries(constants).filter(([name]) => !sizes.includes(name));
  const out = compiled.map(([name, value]) => constantLine(name, value));
  if (sizes.length > 0) out.push(...toldSizes(sizes));
  const open: boolean[] = [];
  for (const line of source.split('\n')) {
    const [, directive, not, name] = /^\s*\/\/#(if|else|endif)\s*(!?)(\w*)/.exec(line) ?? [];
    if (directive === 'if') {
      if (typeof constants[name!] !== 'boolean') {
        throw new InklingError('internal', `${entry}: #if needs a boolean constant ${name}`);
      }
      open.push(constants[name!] === (not === ''));
    } else if (directive === 'else') {
      open.push(!open.pop());
    } else if (directive === 'endif') {
      open.pop();
    } else if (open.every(Boolean)) {
      (/^(enable|diagnostic)\b/.test(line) ? directives : out).push(line);
    }
  }
  const code = [...directives, ...unroll(out, entry, constants)].join('\n');
  return sizes.length > 0 ? readingSizes(code, entry) : code;
}

/** SwiftShader's compiler takes seconds over more; those of GPUs unroll longer loops by themselves. */
const MOST_COPIES = 8;

/**
 * Repeats are for small arrays that a thread should hold in registers: these need indices that are constants, and no
 * compiler of a software adapter unrolls a loop. Each copy is a block with a constant of the given name; a count above
 * MOST_COPIES makes a loop after all.
 */
function unroll(lines: readonly string[], entry: string, constants: Kernel['constants']): string[] {
  const open: { name: string; count: number; body: string[] }[] = [];
  const out: string[] = [];
  for (const line of lines) {
    const [, name, size] = /^\s*\/\/#repeat\s+(\w+)\s+(\w+)/.exec(line) ?? [];
    if (name) {
      const count = /^\d/.test(size!) ? Number(size) : constants[size!];
      if (typeof count !== 'number' || Number.isNaN(count)) {
        throw new InklingError('internal', `${entry}: #repeat needs a number, or a constant that is one: ${size}`);
      }
      open.push({ name, count, body: [] });
    } else if (/^\s*\/\/#endrepeat/.test(line)) {
      const { name: index, count, body } = open.pop()!;
      const target = open.at(-1)?.body ?? out;
      if (count > MOST_COPIES) {
        target.push(`for (var ${index} = 0u; ${index} < ${count}u; ${index}++) {`, ...body, '}');
        continue;
      }
      for (let i = 0; i < count; i++) {
        target.push('{', `const ${index} = ${i}u;`, ...body, '}');
      }
    } else {
      (open.at(-1)?.body ?? out).push(line);
    }
  }
  return out;
}

/** Compiles each distinct kernel once, without stalling the page, and says where a shader is wrong. */
export class PipelineCache {
  readonly #device: GPUDevice;
  readonly #compiled = new Map<string, Promise<CompiledKernel>>();
  /** Distinct kernels that were asked for, and of these, that are there. */
  #asked = 0;
  #there = 0;
  #watcher: ((done: number, total: number) => void) | undefined;

  constructor(device: GPUDevice) {
    this.#device = device;
  }

  /** Tells `watcher`, from now on and until the next one, how many of the kernels asked for since then are compiled. */
  watch(watcher: ((done: number, total: number) => void) | undefined): void {
    this.#asked = 0;
    this.#there = 0;
    this.#watcher = watcher;
  }

  /** `bound` are the buffers that will be bound: the layout holds these and, where there are any, the sizes. */
  get(kernel: Kernel, bound: readonly string[]): Promise<CompiledKernel> {
    const names = kernel.sizes?.length ? [...bound, SIZES] : bound;
    const code = specialise(kernel);
    const key = `${kernel.entry} ${names.join(' ')}\n${code}`;
    let compiled = this.#compiled.get(key);
    if (!compiled) {
      this.#asked += 1;
      const watcher = this.#watcher;
      compiled = this.#compile(kernel.entry, code, names).then((done) => {
        if (watcher && watcher === this.#watcher) watcher(++this.#there, this.#asked);
        return done;
      });
      this.#compiled.set(key, compiled);
    }
    return compiled;
  }

  async #compile(entry: string, code: string, names: readonly string[]): Promise<CompiledKernel> {
    const device = this.#device;
    const declarations = bindingsOf(code);
    const entries = names.map((name): GPUBindGroupLayoutEntry => {
      const declared = declarations.get(name);
      if (!declared) {
        throw new InklingError('internal', `${entry} declares no buffer “${name}”`);
      }
      const { binding, type } = declared;
      return { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type } };
    });
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ label: entry, code });
    const layout = device.createBindGroupLayout({ label: entry, entries });
    const pipelineLayout = device.createPipelineLayout({ label: entry, bindGroupLayouts: [layout] });
    const invalid = device.popErrorScope().catch(() => null); // rejects when the device is lost, as the next call does
    try {
      const pipeline = await device.createComputePipelineAsync({
        label: entry,
        layout: pipelineLayout,
        compute: { module, entryPoint: entry },
      });
      return { pipeline, layout, declarations };
    } catch (error) {
      const { messages } = await module.getCompilationInfo();
      const lines = code.split('\n');
      const faults = messages.map((m) => `line ${m.lineNum}: ${m.message} in “${lines[m.lineNum - 1]?.trim()}”`);
      const reason = faults[0] ?? (await invalid)?.message ?? (error instanceof Error ? error.message : error);
      throw new InklingError('internal', `${entry} does not compile: ${reason}`);
    } finally {
      await invalid;
    }
  }
}
