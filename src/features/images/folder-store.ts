import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { errorCode } from '../../platform/files';
import { checkedName, type ImageStore } from './store';

/** Files in a folder of the machine, or in one that several share: spread over 256 folders, by the first digits of their names. */
export function createFolderStore(folder: string): ImageStore {
  const pathOf = (file: string): string => join(folder, checkedName(file).slice(0, 2), file);
  return {
    read: (file) =>
      readFile(pathOf(file)).catch((error: unknown) => {
        if (errorCode(error) === 'ENOENT') return undefined;
        throw error;
      }),
    write: async (file, bytes) => {
      const path = pathOf(file);
      await mkdir(dirname(path), { recursive: true });
      // So that nobody reads half of it, and a machine that fails leaves none.
      const fresh = `${path}.${randomUUID()}`;
      try {
        await writeFile(fresh, bytes, { flush: true });
        await rename(fresh, path);
      } catch (error) {
        await rm(fresh, { force: true });
        throw error;
      }
    },
    remove: (file) => rm(pathOf(file), { force: true }),
  };
}
