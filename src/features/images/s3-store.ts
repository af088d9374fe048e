import { createHash } from 'node:crypto';
import { AwsV4Signer } from 'aws4fetch';
import { checkedName, type ImageStore } from './store';

/** A bucket of a store that speaks the protocol of S3, and who may use it. */
export type Bucket = {
  /** The bucket's address, with the folder in it, if any: `https://s3.example/bucket/pictures`. */
  readonly url: string;
  readonly region: string;
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
};

/** For one try, up to the last byte of the answer. */
const TRY_MS = 8_000;
/** Stores ask for another try where they are busy, and connections break. */
const TRIES = 2;
/** More than any file of a picture has. */
const MAX_BYTES = 16 * 1_024 * 1_024;

/** Files in a bucket, by its address (not by a host name of its own, which few stores but Amazon's have). @param tryMs for tests */
export function createS3Store(bucket: Bucket, tryMs = TRY_MS): ImageStore {
  const ask = (method: Method, file: string, bytes?: Uint8Array): Promise<Answer> =>
    tryAgain(() => askOnce(bucket, tryMs, method, checkedName(file), bytes));
  return {
    read: async (file) => {
      const answer = await ask('GET', file);
      return answer.status === 404 ? undefined : expected(answer, [200]).body;
    },
    write: async (file, bytes) => {
      expected(await ask('PUT', file, bytes), [200]);
    },
    remove: async (file) => {
      expected(await ask('DELETE', file), [200, 204, 404]);
    },
  };
}

type Method = 'GET' | 'PUT' | 'DELETE';
type Answer = { readonly method: Method; readonly status: number; readonly body: Buffer };

async function tryAgain(ask: () => Promise<Answer>): Promise<Answer> {
  for (let tried = 1; ; tried += 1) {
    try {
      const answer = await ask();
      if (answer.status < 500 || tried === TRIES) return answer;
    } catch (error) {
      if (tried === TRIES) throw error;
    }
  }
}

async function askOnce(
  { url: bucketUrl, ...account }: Bucket,
  tryMs: number,
  method: Method,
  file: string,
  bytes: Uint8Array | undefined,
): Promise<Answer> {
  const url = `${bucketUrl}/${file}`;
  // Signed as well, so that nobody on the way changes it.
  const hash = createHash('sha256')
    .update(bytes ?? '')
    .digest('hex');
  const signed = await new AwsV4Signer({
    ...account,
    service: 's3',
    method,
    url,
    headers: { 'X-Amz-Content-Sha256': hash },
  }).sign();
  const response = await fetch(url, {
    method,
    headers: signed.headers,
    ...(bytes && { body: bytes }),
    redirect: 'error',
    signal: AbortSignal.timeout(tryMs),
  });
  return { method, status: response.status, body: await bodyOf(response) };
}

async function bodyOf({ body }: Response): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body ?? []) {
    length += chunk.length;
    if (length > MAX_BYTES) throw new Error('The store of pictures answered more than any picture has.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** @throws {Error} with what the store says was wrong, such as `SignatureDoesNotMatch` */
function expected(answer: Answer, statuses: readonly number[]): Answer {
  if (statuses.includes(answer.status)) return answer;
  const text = answer.body.subarray(0, 2_000).toString();
  const start = text.indexOf('<Code>');
  const end = text.indexOf('</Code>', start);
  const code = start >= 0 && end > start ? text.slice(start + '<Code>'.length, end).slice(0, 80) : '';
  throw new Error(`The store of pictures answered ${answer.method} with ${answer.status} ${code}`.trim());
}
