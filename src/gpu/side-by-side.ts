import { InklingError } from './errors.ts';
import { type Kernel, specialise } from './kernel.ts';
import { MAX_WORKGROUPS, type Workgroups } from './recording.ts';

/** A kernel and how often it runs. */
export interface Launch {
  readonly kernel: Kernel;
  readonly workgroups: Workgroups;
}

/** The name that a buffer of the launch of that index has in the joined kernel. */
export function joinedName(name: string, index: number): string {
  return `${name}_${index}`;
}

/** Binding numbers that each launch has to itself: more than any shader declares. */
const BINDINGS = 16;

const DECLARED = /^(?:(?:fn|const|alias|struct|var)\s+|(?:@group\(0\)\s*@binding\(\d+\)\s*)?var<[^>]*>\s*)(\w+)/;
const WORKGROUP_MEMORY = /^var<workgroup>\s*(\w+)/;
const ENTRY = /@compute\s*@workgroup_size\(([^)]*)\)\s*fn\s+(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)/g;
const ARGUMENT = /@builtin\((\w+)\)\s*\w+\s*:\s*\w+/g;

/** The built-in values that an entry point may ask for, each as the joined one finds it for the launch of that index. */
const BUILTINS: Readonly<Record<string, (index: number) => string>> = {
  workgroup_id: () => 'group',
  num_workgroups: (index) => `launched_${index}`,
  global_invocation_id: () => 'group * SIZE + local',
  local_invocation_id: () => 'local',
  local_invocation_index: () => 'local_index',
  subgroup_invocation_id: () => 'invocation',
};

interface Part {
  directives: string[];
  lines: string[];
  /** Lines that declare workgroup memory of a fixed size, which parts may share. */
  memory: string[];
  /** Sizes of the workgroup, as numbers. */
  size: string;
  call: string;
}

/** What stands outside all braces declares names that another part may use as well. */
function declaredNames(lines: readonly string[]): Set<string> {
  const names = new Set<string>();
  let depth = 0;
  for (const line of lines) {
    const code = line.replace(/\/\/.*/, '');
    const [, name] = (depth === 0 && DECLARED.exec(code)) || [];
    if (name) names.add(name);
    depth += (code.match(/{/g)?.length ?? 0) - (code.match(/}/g)?.length ?? 0);
  }
  return names;
}

function partOf({ kernel }: Launch, index: number): Part {
  const { entry, constants } = kernel;
  const numbers = (text: string) => text.replace(/\b[A-Z]\w*\b/g, (name) => String(constants[name] ?? name));
  const all = specialise(kernel).split('\n');
  const directives = all.filter((line) => /^(enable|diagnostic)\b/.test(line));
  const code = all.filter((line) => !directives.includes(line));
  const names = declaredNames(code);
  const uses = (text: string) => (text.match(/\w+/g) ?? []).filter((word) => names.has(word)).length;
  const shared = code.filter((line) => WORKGROUP_MEMORY.test(line) && uses(numbers(line)) === 1);
  for (const line of shared) names.delete(WORKGROUP_MEMORY.exec(line)![1]!);

  let size = '';
  let call = '';
  const text = code
    .filter((line) => !shared.includes(line))
    .join('\n')
    .replace(ENTRY, (_, sizes: string, name: string, parameters: string) => {
      if (name === entry) {
        size = numbers(sizes).replace(/\s/g, '');
        const values = [...parameters.matchAll(ARGUMENT)].map(([, builtin]) => {
          const value = BUILTINS[builtin!];
          if (!value) throw new InklingError('internal', `${entry} asks for ${builtin}, which joined kernels lack.`);
          return value(index);
        });
        call = `${joinedName(entry, index)}(${values.join(', ')})`;
      }
      return `fn ${name}(${parameters.replace(/@builtin\(\w+\)\s*/g, '')})`;
    })
    .replace(/@binding\((\d+)\)/g, (_, number) => `@binding(${BINDINGS * index + Number(number)})`)
    .replace(/(?<![.\w])[A-Za-z_]\w*/g, (word) => (names.has(word) ? joinedName(word, index) : word));
  if (call === '') throw new InklingError('internal', `${entry} is no entry point of its source.`);
  return { directives, lines: text.split('\n'), memory: shared.map(numbers), size, call };
}

/**
 * One kernel that does what several do which neither read nor write what another of them writes: the first workgroups are
 * the first launch's, and so on (horizontal fusion). A launch less, and workgroups of both to fill the adapter with.
 *
 * What each shader declares gets its index behind its name (`joinedName`), so the joined one is put together from text:
 * no member of a struct may have the name of something that its shader declares. Workgroup memory of the same name, type
 * and size is there once. Throws `internal` where the workgroups are not of one size.
 */
export function sideBySide(launches: readonly Launch[]): Launch {
  const parts = launches.map(partOf);
  const size = parts[0]!.size;
  if (parts.some((part) => part.size !== size)) {
    const sizes = parts.map((part) => `(${part.size})`).join(' and ');
    throw new InklingError('internal', `Workgroups of ${sizes} threads do not go together.`);
  }
  const once = (lines: string[]) => [...new Set(lines)];
  const sizes = size.split(',');
  const subgroups = parts.some(({ call }) => /\binvocation\b/.test(call));
  const branches: string[] = [];
  let first = 0;
  for (const [index, { workgroups }] of launches.entries()) {
    const [x, y, z] = workgroups;
    branches.push(
      `${index > 0 ? '} else ' : ''}if (index < ${first + x * y * z}u) {`,
      `let own = index - ${first}u;`,
      `let group = vec3u(own % ${x}u, own / ${x}u % ${y}u, own / ${x * y}u);`,
      `${parts[index]!.call};`,
    );
    first += x * y * z;
  }
  const columns = Math.min(first, MAX_WORKGROUPS);
  const source = [
    ...once(parts.flatMap(({ directives }) => directives)),
    `const SIZE = vec3u(${Array.from({ length: 3 }, (_, i) => `${sizes[i] ?? 1}u`).join(', ')});`,
    ...launches.map(
      ({ workgroups }, i) => `const launched_${i} = vec3u(${workgroups.map((n) => `${n}u`).join(', ')});`,
    ),
    ...once(parts.flatMap(({ memory }) => memory)),
    ...parts.flatMap(({ lines }) => lines),
    `@compute @workgroup_size(${size})`,
    'fn side_by_side(',
    '@builtin(workgroup_id) at: vec3u,',
    '@builtin(local_invocation_id) local: vec3u,',
    '@builtin(local_invocation_index) local_index: u32,',
    ...(subgroups ? ['@builtin(subgroup_invocation_id) invocation: u32,'] : []),
    ') {',
    `let index = at.x + at.y * ${columns}u;`,
    ...branches,
    '}',
    '}',
  ].join('\n');
  return {
    kernel: { source, entry: 'side_by_side', constants: {} },
    workgroups: [columns, Math.ceil(first / columns), 1],
  };
}
