import { runCommand } from './commands.ts';

// Whoever read the output has left (`| head`): a run in progress saves and ends as on Ctrl-C, anything else just ends.
// Each line that it still writes fails like the first, and that one was enough.
process.stdout.once('error', () => {
  process.stdout.on('error', () => {});
  if (process.listenerCount('SIGINT') > 0) {
    process.emit('SIGINT');
  } else {
    process.exit(1);
  }
});

// exitCode rather than exit(): what is still in the pipe gets out.
process.exitCode = await runCommand(process.argv.slice(2));
