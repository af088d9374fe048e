import { createS3Store } from '../../../src/features/images/s3-store';
import { startBucket } from '../../support/bucket';

const FILE = `${'ab'.repeat(12)}-240.webp`;

let bucket: Awaited<ReturnType<typeof startBucket>>;
beforeAll(async () => {
  bucket = await startBucket();
});
afterAll(() => bucket.close());

const store = ({ secret = bucket.secret, tryMs }: { secret?: string; tryMs?: number } = {}) =>
  createS3Store(
    {
      url: `${bucket.url}/pictures`,
      region: 'eu-central-1',
      accessKeyId: bucket.key,
      secretAccessKey: secret,
    },
    tryMs,
  );

test('keeps a file, gives it back, and removes it', async () => {
  const bytes = Buffer.from([0, 1, 2, 255]);
  expect(await store().read(FILE)).toBeUndefined();
  await store().write(FILE, bytes);
  expect([...bucket.files.keys()]).toEqual([`/bucket/pictures/${FILE}`]);
  expect(await store().read(FILE)).toEqual(bytes);
  await store().remove(FILE);
  await store().remove(FILE);
  expect(await store().read(FILE)).toBeUndefined();
});

test('says what the store has against a request', async () => {
  const before = bucket.asked();
  await expect(store({ secret: 'wrong' }).write(FILE, Buffer.from('x'))).rejects.toThrow(
    'The store of pictures answered PUT with 403 SignatureDoesNotMatch',
  );
  expect(bucket.asked()).toBe(before + 1);
});

test('asks once more where the store is busy, and then says so', async () => {
  bucket.failures = [503];
  await store().write(FILE, Buffer.from('x'));
  bucket.failures = [503, 503];
  await expect(store().read(FILE)).rejects.toThrow('answered GET with 503');
});

test('waits for no store that is silent', async () => {
  bucket.failures = ['silent', 'silent'];
  await expect(store({ tryMs: 100 }).read(FILE)).rejects.toThrow(/timeout/i);
});

test.each(['../../etc/passwd', `${FILE}/..`, 'x', `${FILE}?acl`])('knows no file %s', async (file) => {
  const before = bucket.asked();
  await expect(store().read(file)).rejects.toThrow('is no name');
  expect(bucket.asked()).toBe(before);
});
