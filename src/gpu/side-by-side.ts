import { InklingError } from './errors.ts';
import { type Constant, type Kernel, specialise } from './kernel.ts';
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

/** Constants of the joined kernel, for each launch: its workgroups, and which of all is the first after them. */
const LAUNCHED = ['GROUPS_X', 'GROUPS_Y', 'GROUPS_Z'] as const;
const NEXT = 'GROUPS_NEXT';
/** And the workgroups of all in a row. */
const COLUMNS = 'GROUPS_COLUMNS';

/** Binding numbers that each launch has to itself: more than any shader declares. */
const BINDINGS = 16;

const DECLARED = /^(?:(?:fn|const|alias|struct|var)\s+|(?:@group\(0\)\s*@binding\(\d+\)\s*)?var<[^>]*>\s*)(\w+)/;
const WORKGROUP_MEMORY = /^var<workgroup>\s*(\w+)/;
const ENTRY = /@compute\s*@workgroup_size\(([^)]*)\)\s*fn\s+(\w+)\s*\(((?:[^()]|\([^()]*\))*)\)/g;
const ARGUMENT = /@builtin\((\w+)\)\s*\w+\s*:\s*\w+/g;

/** The built-in values that an entry point may ask for, each as the joined one finds it for the launch of that index. */
const BUILTINS: Readonly<Record<string, (index: number) => string>> = {
  workgroup_id: () => 'group',
  num_workgroups: (index) => `vec3u(${LAUNCHED.map((name) => joinedName(name, index)).join(', ')})`,
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
  /** What it is told as it runs, by the names that this has in the joined kernel. */
  told: Record<string, Constant>;
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
  const { entry, constants, sizes = [] } = kernel;
  const compiled = Object.fromEntries(Object.entries(constants).filter(([name]) => !sizes.includes(name)));
  const numbers = (text: string) => text.replace(/\b[A-Z]\w*\b/g, (name) => String(constants[name] ?? name));
  const all = specialise({ ...kernel, constants: compiled, sizes: [] }).split('\n');
  const directives = all.filter((line) => /^(enable|diagnostic)\b/.test(line));
  const code = all.filter((line) => !directives.includes(line));
  const names = new Set([...declaredNames(code), ...sizes]);
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
  const told = Object.fromEntries(sizes.map((name) => [joinedName(name, index), constants[name]!]));
  return { directives, lines: text.split('\n'), memory: shared.map(numbers), size, call, told };
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
  const launched: Record<string, number> = {};
  const branches: string[] = [];
  let next = 0;
  for (const [index, { workgroups }] of launches.entries()) {
    const [x, y, after] = [LAUNCHED[0], LAUNCHED[1], NEXT].map((name) => joinedName(name, index));
    const begin = index > 0 ? joinedName(NEXT, index - 1) : '0u';
    branches.push(
      `${index > 0 ? '} else ' : ''}if (index < ${after}) {`,
      `let own = index - ${begin};`,
      `let group = vec3u(own % ${x}, own / ${x} % ${y}, own / (${x} * ${y}));`,
      `${parts[index]!.call};`,
    );
    for (const [i, name] of LAUNCHED.entries()) launched[joinedName(name, index)] = workgroups[i]!;
    next += workgroups[0] * workgroups[1] * workgroups[2];
    launched[after!] = next;
  }
  const columns = Math.min(next, MAX_WORKGROUPS);
  launched[COLUMNS] = columns;
  const source = [
    ...once(parts.flatMap(({ directives }) => directives)),
    `const SIZE = vec3u(${Array.from({ length: 3 }, (_, i) => `${sizes[i] ?? 1}u`).join(', ')});`,
    ...once(parts.flatMap(({ memory }) => memory)),
    ...parts.flatMap(({ lines }) => lines),
    `@compute @workgroup_size(${size})`,
    'fn side_by_side(',
    '@builtin(workgroup_id) at: vec3u,',
    '@builtin(local_invocation_id) local: vec3u,',
    '@builtin(local_invocation_index) local_index: u32,',
    ...(subgroups ? ['@builtin(subgroup_invocation_id) invocation: u32,'] : []),
    ') {',
    `let index = at.x + at.y * ${COLUMNS};`,
    ...branches,
    '}',
    '}',
  ].join('\n');
  const told = Object.assign({}, ...parts.map((part) => part.told));
  const constants = { ...launched, ...told };
  const kernel = { source, entry: 'side_by_side', constants };
  return {
    // where parts are told their sizes, how many workgroups they take is told as well
    kernel: Object.keys(told).length > 0 ? { ...kernel, sizes: Object.keys(constants) } : kernel,
    workgroups: [columns, Math.ceil(next / columns), 1],
  };
}
