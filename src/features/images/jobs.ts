import { z } from 'zod';
import { type Job, TryAgain } from '../../platform/jobs';
import type { WriteContext } from '../episodes/write';
import { IMAGE_NAME } from './fields';
import { encodeImage, type ImageContext, purgeUnnamed } from './images';
import { ENCODE_JOB } from './repository';

const payloadSchema = z.object({ name: z.string().regex(IMAGE_NAME) });

/** What is done with pictures in the background. */
export function imageJobs(images: ImageContext, catalog: WriteContext): Readonly<Record<string, Job>> {
  return {
    [ENCODE_JOB]: {
      run: (payload, { signal }) =>
        encodeImage(images, catalog, payloadSchema.parse(payload).name, signal).catch((error: unknown) => {
          // The node ends, and another one does it.
          throw signal.aborted ? new TryAgain('A picture waits for another node') : error;
        }),
    },
    'purge-images': { cron: '7 4 * * *', run: () => purgeUnnamed(images) },
  };
}
