import {
  kindOf,
  rowsForLines,
  serverLines,
  serverName,
} from '../../../src/features/episodes/browser/server-lines';
import { nextUrl } from '../../../src/features/episodes/next-url';

describe('the address of the next episode', () => {
  test.each([
    ['https://v.example/frieren/12.mp4', '12', '13', 'https://v.example/frieren/13.mp4'],
    ['https://v.example/frieren-012/master.m3u8', '12', '13', 'https://v.example/frieren-013/master.m3u8'],
    ['https://v.example/e/S01E12?lang=en', '12', '13', 'https://v.example/e/S01E13?lang=en'],
    ['https://v.example/s2e02.1080p.mp4', '2', '3', 'https://v.example/s2e03.1080p.mp4'],
    ['https://v.example/season2/episode-2', '2', '3', 'https://v.example/season2/episode-3'],
    ['https://v.example/12/frieren-12.mp4', '12', '13', 'https://v.example/13/frieren-13.mp4'],
    ['https://v.example/2/frieren-2.mp4', '2', '3', 'https://v.example/2/frieren-3.mp4'],
    ['https://v.example/frieren09.mp4', '9', '10', 'https://v.example/frieren10.mp4'],
    ['https://v.example/e99', '99', '100', 'https://v.example/e100'],
    ['https://v.example/?ep=7&q=720p', '7', '8', 'https://v.example/?ep=8&q=720p'],
    ['https://v.example/watch?v=12', '12', '13', 'https://v.example/watch?v=13'],
    ['https://v.example/frieren_12v2.mkv', '12', '13', 'https://v.example/frieren_13v2.mkv'],
    ['https://v.example/%E7%AC%AC12%E8%A9%B1', '12', '13', 'https://v.example/%E7%AC%AC13%E8%A9%B1'],
    ['/media/frieren-4.mp4', '4', '5', '/media/frieren-5.mp4'],
    ['https://v.example/4/video.mp4', '4', '5', 'https://v.example/5/video.mp4'],
    ['https://v.example/8/list.m3u8', '8', '9', 'https://v.example/9/list.m3u8'],
  ])('%s, %s to %s', (url, from, to, next) => {
    expect(nextUrl(url, from, to)?.url).toBe(next);
  });

  test.each([
    ['https://v.example/embed/x7k12bq', '12', 'in the middle of a code'],
    ['https://v12.example:12/watch', '12', 'in the host'],
    ['https://v.example/1080p/h264', '264', 'of a codec'],
    ['https://v.example/1080p', '1080', 'of a resolution'],
    ['https://v.example/s2/video', '2', 'of a season'],
    ['https://v.example/1.12', '1', 'of a decimal'],
    ['https://v.example/%12', '12', 'of a character'],
    ['https://v.example/12', '12.5', 'where the one before has none of its own'],
    ['https://v.example/112', '12', 'at the end of another'],
  ])('%s has no %s: it stands %s', (url, from) => {
    expect(nextUrl(url, from, '13')).toBeUndefined();
  });

  test('says what was replaced', () => {
    expect(nextUrl('https://v.example/e009', '9', '10')).toMatchObject({ before: '009', after: '010' });
  });
});

test('the kind of a server is guessed from what was pasted', () => {
  const kinds = [
    'https://v.example/1.mp4?token=a#t',
    'https://v.example/1.MKV',
    'https://v.example/master.m3u8?x=.mp4',
    'https://v.example/embed/1',
    '<iframe src="https://v.example/1.mp4"></iframe>',
    'https://v.example/?file=1.mp4',
  ].map(kindOf);
  expect(kinds).toEqual(['file', 'file', 'hls', 'embed', 'embed', 'embed']);
});

test('lines are servers where each has an address or a code of its own', () => {
  const code = '<iframe src="https://b.example/e/1" allowfullscreen></iframe>';
  expect(serverLines(`https://a.example/1\r\n\n ${code}\n/media/1.mp4\n`)).toEqual([
    'https://a.example/1',
    code,
    '/media/1.mp4',
  ]);
  expect(serverLines('<iframe\n  src="https://b.example/e/1">\n</iframe>')).toEqual([]);
  expect(serverLines('https://a.example/1\nEpisode 2')).toEqual([]);
  expect(serverLines('https://a.example/1 https://b.example/2')).toEqual([]);
});

test('a line goes to the server at its host, then to the row into which was pasted, then to an empty one', () => {
  const urls = ['', 'https://a.example/1', 'https://www.b.example/1', ''];
  const lines = [
    'https://new.example/2',
    'https://b.example/2',
    '/media/2.mp4',
    'https://other.example/2',
    '//a.example/2',
  ];
  expect(rowsForLines(urls, lines, 0)).toEqual([0, 2, 3, undefined, 1]);
  expect(rowsForLines([], ['https://a.example/1'])).toEqual([undefined]);
});

test('a new server is called by its host', () => {
  expect(serverName('<iframe src="//www.Player.example/e/1">')).toBe('player.example');
  expect(serverName('/media/1.mp4')).toBe('Server');
  expect(serverName(`https://${'a'.repeat(80)}.example/`)).toHaveLength(60);
});
