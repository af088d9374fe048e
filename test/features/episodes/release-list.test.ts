import { expandTemplate, parseReleaseList } from '../../../src/features/episodes/release-list';

const A = 'https://a.example/1.mp4';
const B = 'https://b.example/e/1';
const read = (text: string) =>
  parseReleaseList(text).map(({ title, kind, number, addresses }) => [title, kind, number, ...addresses]);

test.each([
  [`Frieren 12 ${A}`, 'Frieren', 'regular', '12'],
  [`Frieren - 12 ${A}`, 'Frieren', 'regular', '12'],
  [`Frieren – Episode 12: ${A}`, 'Frieren', 'regular', '12'],
  [`Frieren | 12 | ${A}`, 'Frieren', 'regular', '12'],
  [`Frieren\t12.5\t${A}`, 'Frieren', 'regular', '12.5'],
  [`Frieren S01E12v2 ${A}`, 'Frieren', 'regular', '12'],
  [`Frieren Ep. 012 ${A}`, 'Frieren', 'regular', '12'],
  [`Frieren #12 ${A}`, 'Frieren', 'regular', '12'],
  [`葬送のフリーレン　第１２話 ${A}`, '葬送のフリーレン', 'regular', '12'],
  [`「葬送のフリーレン」 12 ${A}`, '葬送のフリーレン', 'regular', '12'],
  [`Frieren special 2 ${A}`, 'Frieren', 'special', '2'],
  [`Frieren | SP3 | ${A}`, 'Frieren', 'special', '3'],
  [`86 | 5 | ${A}`, '86', 'regular', '5'],
  [`Mob Psycho 100 5 ${A}`, 'Mob Psycho 100', 'regular', '5'],
  [`12 ${A}`, '', 'regular', '12'],
  [`#12 ${A}`, '', 'regular', '12'],
  [`Frieren ${A}`, 'Frieren', 'regular', undefined],
])('reads %s', (line, title, kind, number) => {
  expect(read(line)).toEqual([[title, kind, number, A]]);
});

test('takes addresses in any number, embed code among them, and lines of addresses for the episode above', () => {
  const code = `<iframe width="9" src="${B}" title="a | b"></iframe>`;
  expect(read(`Frieren 1 ${A}, ${B}\n\n# a note\n${code}\n/media/clip.mp4\n2\t${code}|${A}`)).toEqual([
    ['Frieren', 'regular', '1', A, B, code, '/media/clip.mp4'],
    ['', 'regular', '2', code, A],
  ]);
});

test('knows where each episode begins, and what was written of it', () => {
  expect(parseReleaseList(`\n Frieren 1\r\n${A}\r\n\r\n2 ${B}`)).toMatchObject([
    { line: 2, text: ` Frieren 1\n${A}` },
    { line: 5, text: `2 ${B}` },
  ]);
});

test('a template makes a line for each number, with as many digits as it asks for', () => {
  expect(expandTemplate('', '9–11', 'https://a.example/{n}/{nnn}.mp4')).toEqual([
    '9 | https://a.example/9/009.mp4',
    '10 | https://a.example/10/010.mp4',
    '11 | https://a.example/11/011.mp4',
  ]);
  expect(expandTemplate('Frieren', ' ３ ', A)).toEqual([`Frieren | 3 | ${A}`]);
  for (const range of ['', '3-1', '1-201', 'all', '1-']) expect(expandTemplate('', range, A)).toBeUndefined();
});
