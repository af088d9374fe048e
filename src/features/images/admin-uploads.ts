import type { Request, RequestHandler } from 'express';
import multer, { MulterError, type StorageEngine } from 'multer';
import { ClientError } from '../../web/error-handler';
import { textOf } from '../../web/form';
import { IMAGE_KINDS, type ImageKind, imageText, MAX_UPLOAD_BYTES, parseImageText } from './fields';
import { type ImageContext, ImageNotKept, takeImage } from './images';
import { hasImage } from './repository';

/** As long as all texts of a form may be that is sent without a file. */
const MAX_TEXT_BYTES = 512 * 1_024;
const MAX_FIELDS = 1_000;
const MAX_ROWS = 100;

/**
 * Reads a file into memory, up to what one may have. What is more is read and dropped: the form that it came with is then
 * answered with words at its field, where a connection that is cut in the middle would tell nobody anything.
 */
const storage: StorageEngine = {
  _handleFile: (_request, { stream }, done) => {
    const chunks: Buffer[] = [];
    let size = 0;
    stream.on('data', (chunk: Buffer) => {
      size += chunk.length;
      if (size <= MAX_UPLOAD_BYTES) chunks.push(chunk);
      else chunks.length = 0;
    });
    stream.once('error', done);
    stream.once('end', () => done(null, { buffer: Buffer.concat(chunks), size }));
  },
  _removeFile: (_request, _file, done) => done(null),
};

const readMultipart = multer({
  storage,
  limits: {
    files: IMAGE_KINDS.length,
    fields: MAX_FIELDS,
    fieldSize: MAX_TEXT_BYTES,
    fieldNameSize: 200,
    fieldArrayIndexLimit: MAX_ROWS,
  },
  fileFilter: (request, { fieldname }, done) => {
    if (!isLoggedIn(request)) request.body[lostName(fieldname)] = '1';
    done(null, isLoggedIn(request));
  },
}).any();

/**
 * Reads the forms that come with files, which are kept in memory for `takeUploads`. Of somebody who has not logged in, or not any more,
 * only the texts: they are kept through the log-in, and the form then says that the picture is missing.
 */
export const parseUploads: RequestHandler = (request, response, next) => {
  readMultipart(request, response, (error: unknown) => {
    if (error instanceof MulterError) return next(new ClientError(413, 'This form is too long.'));
    // What the browser has not sent to its end.
    if (error) return next(new ClientError(400, 'This form has come in part.'));
    for (const kind of IMAGE_KINDS) {
      if (textOf(request.body, lostName(fileName(kind))) === '') continue;
      request.body[kind] = imageText(parseImageText(textOf(request.body, kind)).name, 'lost');
    }
    next();
  });
};

/** What the field is called in which a file is chosen. */
function fileName(kind: ImageKind): string {
  return `${kind}File`;
}

function lostName(field: string): string {
  return `${field}Lost`;
}

/** The session says so; whether it still holds is asked before anything is done. */
function isLoggedIn({ session }: Request): boolean {
  return session?.adminId !== undefined;
}

/** Puts the names of pictures into the fields of a form that it came with, or says what was wrong with them. */
export function takeUploads(images: ImageContext): RequestHandler {
  return async (request, _response, next) => {
    if (request.method !== 'POST') return next();
    const { body } = request;
    for (const kind of IMAGE_KINDS) {
      const { name } = parseImageText(textOf(body, kind));
      const upload = uploadOf(request, kind);
      if (upload) {
        // For when what follows fails, as where the database is away: the form comes back, and its picture doesn't.
        body[kind] = imageText(name, 'failed');
        body[kind] = await textOfUpload(images, upload, kind, name).catch((error: unknown) => {
          if (!(error instanceof ImageNotKept)) throw error;
          request.log.error({ err: error }, error.message);
          return imageText(name, 'failed');
        });
      } else if (textOf(body, `${kind}Removed`) !== '') body[kind] = '';
      else if (name !== '' && !(await hasImage(images.db, name, kind))) body[kind] = imageText('', 'gone');
    }
    next();
  };
}

/** The file that came in the field of a form; undefined where none was chosen. */
export function uploadOf({ files }: Request, kind: ImageKind): Express.Multer.File | undefined {
  if (!Array.isArray(files)) return undefined;
  return files.find(({ fieldname, size }) => fieldname === fileName(kind) && size > 0);
}

async function textOfUpload(
  images: ImageContext,
  { buffer, size }: Express.Multer.File,
  kind: ImageKind,
  before: string,
): Promise<string> {
  if (size > MAX_UPLOAD_BYTES) return imageText(before, 'too-large');
  const taken = await takeImage(images, buffer, kind);
  return 'name' in taken ? imageText(taken.name) : imageText(before, taken.problem);
}
