import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

const KEY = 'key';
const SECRET = 'se/cr+et';

const hmac = (key: string | Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();
const sha256 = (bytes: string | Buffer): string => createHash('sha256').update(bytes).digest('hex');

/** Written from the description, not from the library: docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html */
function isSigned({ method, url, headers }: IncomingMessage, body: Buffer): boolean {
  const [, credential = '', names = '', signature = ''] =
    /^AWS4-HMAC-SHA256 Credential=([^,]+), ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      headers.authorization ?? '',
    ) ?? [];
  const [key, day = '', region = '', service = ''] = credential.split('/');
  const canonical = [
    method,
    url,
    '',
    ...names.split(';').map((name) => `${name}:${headers[name]}`),
    '',
    names,
    sha256(body),
  ].join('\n');
  const time = String(headers['x-amz-date']);
  const text = `AWS4-HMAC-SHA256\n${time}\n${day}/${region}/${service}/aws4_request\n${sha256(canonical)}`;
  const signing = [day, region, service, 'aws4_request'].reduce<string | Buffer>(hmac, `AWS4${SECRET}`);
  const isCovered = ['host', 'x-amz-content-sha256', 'x-amz-date'].every((name) =>
    names.split(';').includes(name),
  );
  return key === KEY && isCovered && signature === hmac(signing, text).toString('hex');
}

type TestBucket = {
  /** `http://127.0.0.1:41234/bucket` */
  readonly url: string;
  readonly key: string;
  readonly secret: string;
  /** What is in it, by path. */
  readonly files: ReadonlyMap<string, Buffer>;
  /** What is answered to the next requests instead of what is right. */
  failures: (number | 'silent')[];
  /** Requests so far. */
  readonly asked: () => number;
  close(): void;
};

/** A bucket as stores that speak S3 have it, in memory; it takes what is signed, and nothing else. */
export async function startBucket(): Promise<TestBucket> {
  const files = new Map<string, Buffer>();
  let asked = 0;
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    asked += 1;
    const failure = bucket.failures.shift();
    if (failure === 'silent') return undefined;
    const isRight = isSigned(request, body);
    const path = request.url ?? '';
    if (failure !== undefined || !isRight)
      return response
        .writeHead(failure ?? 403)
        .end('<?xml version="1.0"?><Error><Code>SignatureDoesNotMatch</Code></Error>');
    if (request.method === 'PUT') files.set(path, body);
    else if (request.method === 'DELETE') return response.writeHead(files.delete(path) ? 204 : 404).end();
    else if (!files.has(path)) return response.writeHead(404).end('<Error><Code>NoSuchKey</Code></Error>');
    return response.writeHead(200).end(request.method === 'GET' ? files.get(path) : '');
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: Error) => response.destroy(error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : undefined;
  const bucket: TestBucket = {
    url: `http://127.0.0.1:${port}/bucket`,
    key: KEY,
    secret: SECRET,
    files,
    failures: [],
    asked: () => asked,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
  return bucket;
}
