import { SingleBar } from 'cli-progress';
import type { FloodProgress } from './run-flood';

export type Progress = { readonly update: (progress: FloodProgress) => void; readonly stop: () => void };

/** A bar on a terminal; for logs and pipes a line for every tenth of the way. */
export function createProgress(stream: NodeJS.WriteStream): Progress {
  return stream.isTTY ? createBar(stream) : createLines(stream);
}

function createBar(stream: NodeJS.WriteStream): Progress {
  // An interruption is the command's: it ends the flood first, and the bar with it.
  const bar = new SingleBar({
    format: 'Flooding [{bar}] {percentage} % | {value} of {total} changes',
    gracefulExit: false,
    stream,
  });
  return {
    update({ done, total }) {
      if (!bar.isActive) bar.start(total, done);
      bar.update(done);
    },
    stop: () => bar.stop(),
  };
}

function createLines(stream: NodeJS.WritableStream): Progress {
  let tenths = 0;
  return {
    update({ done, total }) {
      const reached = Math.floor((done * 10) / total);
      if (reached === tenths) return;
      tenths = reached;
      stream.write(`${done} of ${total} changes (${Math.floor((done * 100) / total)} %)\n`);
    },
    stop: () => undefined,
  };
}
