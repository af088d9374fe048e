import { readVideoAddress } from '../../../src/features/episodes/video-address';

test.each([
  ['https://video.example/1.mp4'],
  ['https://video.example:8443/embed?id=1#t=3'],
  ['http://localhost:8080/1.m3u8'],
  ['http://127.0.0.1/1.mp4'],
  ['http://[::1]:3000/1.mp4'],
  ['/media/clip.mp4'],
  ['/media/clip/index.m3u8'],
  // One address that carries another.
  ['https://player.example/?url=https://video.example/1.mp4&t=3'],
  ['https://player.example/play?https://video.example/1.mp4'],
  ['https://player.example/#https://video.example/1.mp4'],
  ['https://cdn.example/a.d/media/1.mp4'],
  ['/media/media/1.mp4'],
])('takes the address %s', (url) => {
  expect(readVideoAddress(url)).toEqual({ url });
});

test.each([
  [' https://video.example ', 'https://video.example/'],
  ['HTTPS://Video.Example:443/É', 'https://video.example/%C3%89'],
  ['http://localhost', 'http://localhost/'],
  ['http://LOCALHOST:80?a', 'http://localhost/?a'],
  ['http://127.1/', 'http://127.0.0.1/'],
  ['http://[0:0::1]#a', 'http://[::1]/#a'],
])('keeps %j as %s', (typed, url) => {
  expect(readVideoAddress(typed)).toEqual({ url });
});

const RELATIVE = 'such as https://';

test.each([
  ['', 'Must not be empty.'],
  [' \n', 'Must not be empty.'],
  ['http://video.example/1.mp4', 'https://'],
  ['http://localhost.evil.example/1.mp4', 'https://'],
  ['javascript:alert(1)', 'https://'],
  ['data:text/html,hi', 'https://'],
  ['https://user:secret@video.example/1.mp4', 'user name or password'],
  ['https://user@video.example/1.mp4', 'user name or password'],
  ['//video.example/1.mp4', RELATIVE],
  ['/etc/passwd', RELATIVE],
  ['/media/../admin', RELATIVE],
  ['video.example', RELATIVE],
  [`https://video.example/${'x'.repeat(2_048)}`, 'at most 2048 characters'],
  [`https://video.example/${'é'.repeat(400)}`, 'at most 2048 characters; encoded, it has 2422'],
  ['https://video.example/\u0000', 'U+0000'],
  ['https://video.example/\ud800', 'U+D800'],
  ['\u200b', 'something that can be seen'],
  ['https://video.example/\u200b1.mp4', 'a character that can’t be seen'],
])('refuses the address %j and says why', (typed, problem) => {
  expect(readVideoAddress(typed)).toEqual({ problem: expect.stringContaining(problem) });
});

test.each([
  'https://a.example/1.mp4\nhttps://b.example/2.mp4',
  'https://a.example/1.mp4\r\n/media/2.mp4',
  'https://a.example/1.mp4 https://b.example/2.mp4',
  'https://a.example/1.mp4\thttps://b.example/2.mp4',
  'https://a.example/1.mp4\u3000https://b.example/2.mp4',
  'https://a.example/1.mp4https://b.example/2.mp4',
  'https://a.example/https://b.example/2.mp4',
  'https://a.example/?v=1https://b.example/?v=2',
  'https://a.example/?v=abc==https://b.example/?v=2',
  'https://a.example/1,HTTP://localhost/2',
  '/media/1.mp4/media/2.mp4',
  '/media/1.mp4https://b.example/2.mp4',
  'https://a.example/1\n2',
])('never makes one address of the two in %j', (typed) => {
  expect(readVideoAddress(typed)).toEqual({ problem: expect.stringMatching(/^Paste one address alone/) });
});

describe('the code for embedding', () => {
  test.each([
    ['<iframe src="https://v.example/e/1"></iframe>'],
    ["<IFRAME\n  width=560 allowfullscreen SRC = 'https://v.example/e/1' />"],
    ['<iframe src=https://v.example/e/1 title=a></iframe>'],
    ['<iframe src="//v.example/e/1">'],
    ['<iframe title="a > b" data-src="https://x.example" src=" https://v.example/e/1 "></iframe>'],
    ['<iframe src="https://v.example/e/1" src="https://x.example"></iframe>'],
    [
      '<div class=a><p>Watch <a href="https://x.example/">it</a></p><iframe src="https://v.example/e/1"></div>',
    ],
  ])('%s gives its src', (code) => {
    expect(readVideoAddress(code)).toEqual({ url: 'https://v.example/e/1' });
  });

  test('has its entities decoded', () => {
    const code = '<iframe src="https://v.example/?a=1&amp;b=&#50;&#x26;c=&lt;&unknown;"></iframe>';
    expect(readVideoAddress(code)).toEqual({ url: 'https://v.example/?a=1&b=2&c=%3C&unknown;' });
  });

  test.each([
    ['<iframe></iframe>', 'Paste the address of the video, or the whole code'],
    ['<iframe src=""></iframe>', 'Paste the address of the video, or the whole code'],
    ['<iframe srcdoc="https://v.example/"></iframe>', 'Paste the address of the video, or the whole code'],
    ['<iframe src="https://v.example/e/1', 'Paste the address of the video, or the whole code'],
    ['<iframes src="https://v.example/e/1">', 'Paste the address of the video, or the whole code'],
    ['<video src="https://v.example/1.mp4"></video>', 'Paste the address of the video, or the whole code'],
    ['<', 'Paste the address of the video, or the whole code'],
    [`<iframe ${'a '.repeat(10_000)}`, 'Paste the address of the video, or the whole code'],
    ['<iframe src="https://a.example"></iframe><iframe src="https://b.example">', 'Paste one address alone'],
    ['https://a.example/1 <iframe src="https://b.example"></iframe>', 'Paste one address alone'],
    ['<iframe src="https://a.example/&#10;https://b.example/"></iframe>', 'Paste one address alone'],
    ['<iframe src="https://a.example/&#0;"></iframe>', 'U+0000'],
    ['<iframe src="javascript:alert(1)"></iframe>', 'Must begin with https://'],
    ['<iframe src="/embed/1"></iframe>', RELATIVE],
    ['<iframe src="https://ada:pass@v.example"></iframe>', 'user name or password'],
  ])('%s is refused with words', (code, problem) => {
    expect(readVideoAddress(code)).toEqual({ problem: expect.stringContaining(problem) });
  });
});
