import { join } from 'node:path';
import { createFolderStore } from '../features/images/folder-store';
import { createS3Store } from '../features/images/s3-store';
import type { ImageStore } from '../features/images/store';
import type { Config } from './config';

/** Where this node keeps the files of pictures, as it was told. */
export function createImageStore({ dataDir, storage }: Pick<Config, 'dataDir' | 'storage'>): ImageStore {
  return storage ? createS3Store(storage) : createFolderStore(join(dataDir, 'images'));
}
