import { encode, look, prepare } from './encode';
import type { ImageAnswer, ImageTask } from './workshop-tasks';

// A process of its own, for one task: what comes from outside is opened where nobody else is, and where nobody waits for it.
prepare();
process.on('message', (task: ImageTask) => {
  answer(task).then(
    (given) => process.send?.(given, () => process.disconnect()),
    (error: unknown) => {
      process.stderr.write(`${String(error)}\n`);
      process.exit(1);
    },
  );
});

async function answer({ task, kind, bytes }: ImageTask): Promise<ImageAnswer> {
  if (task === 'encode') return { task, encoded: await encode(bytes, kind) };
  const looked = await look(bytes, kind);
  return typeof looked === 'string' ? { task: 'refuse', problem: looked } : { task, looked };
}
