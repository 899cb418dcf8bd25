import { vi } from 'vitest';
import { runCommand } from '../../src/cli/commands.ts';

/**
 * Runs a command in this process, for what is refused before anything is computed: a process of its own takes a second to
 * start. That the launcher hands on what is printed and the code of the end, other tests see.
 */
export async function here(...args: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const told = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((stream) =>
    vi.spyOn(process[stream], 'write').mockImplementation((chunk) => {
      told[stream] += chunk;
      return true;
    }),
  );
  try {
    return { status: await runCommand(args), ...told };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}
