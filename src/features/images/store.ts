/** Where files are kept, for all nodes. */
export type ImageStore = {
  /** Undefined where there is none of that name. */
  read(file: string): Promise<Buffer | undefined>;
  /** Another one of the same name is the same file. */
  write(file: string, bytes: Uint8Array): Promise<void>;
  /** One that is not there is as well as removed. */
  remove(file: string): Promise<void>;
};

/** What a file of a picture may be called: nothing that leads anywhere else. */
const FILE = /^[0-9a-f]{24}(?:-[0-9]{3,4}\.(?:avif|webp)|\.original)$/;

/** @throws {Error} for a name that is none of ours: a mistake of the caller */
export function checkedName(file: string): string {
  if (!FILE.test(file)) throw new Error(`${file} is no name of a file of a picture.`);
  return file;
}
