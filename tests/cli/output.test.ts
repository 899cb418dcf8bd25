import { expect, test } from 'vitest';
import { Output, type Screen } from '../../src/cli/output.ts';

function screen(isTTY: boolean, columns = 39): Screen & { written: string } {
  const one = {
    isTTY,
    columns,
    written: '',
    write: (text: string | Uint8Array) => {
      one.written += text;
      return true;
    },
  };
  return one;
}

/** What a terminal shows in the end: a carriage return goes to the line's begin, and ESC [ K clears from there. */
const shown = (written: string) => written.split('\n').map((line) => line.split('\r\x1b[K').at(-1));

test('on a terminal, steps are a bar on the last line, which results and the end replace', () => {
  const terminal = screen(true);
  const output = new Output(false, terminal);
  output.progress({ step: 1 }, 'step 1/4  loss 4.1', 0.25);
  expect(shown(terminal.written)).toEqual(['█████░░░░░░░░░░░░░░░ step 1/4  loss 4.']); // cut to the width
  output.progress({ step: 2 }, 'step 2/4', 0.5); // too soon to be seen
  expect(terminal.written).not.toContain('step 2');
  output.result({ val_loss: 3 }, 'step 2  validation loss 3');
  output.progress({ step: 4 }, 'step 4/4', 1);
  expect(shown(terminal.written)).toEqual(['step 2  validation loss 3', '████████████████████ step 4/4']);
  output.result({ done: true }, 'Done');
  expect(shown(terminal.written)).toEqual(['step 2  validation loss 3', 'Done', '']);
});

test('in a file, in a pipe and as JSON, every step is a line', () => {
  const pipe = screen(false);
  const lines = new Output(false, pipe);
  lines.progress({ step: 1 }, 'step 1', 0.5);
  lines.progress({ step: 2 }, 'step 2', 1);
  lines.result({ done: true }, 'Done');
  expect(pipe.written).toBe('step 1\nstep 2\nDone\n');
  const terminal = screen(true);
  const json = new Output(true, terminal);
  json.progress({ step: 1 }, 'step 1', 0.5);
  json.progress({ step: 2 }, 'step 2', 1);
  expect(terminal.written).toBe('{"step":1}\n{"step":2}\n');
});
