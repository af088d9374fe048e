import { readTitles } from '../../src/features/titles/dictionary';
import { kanaToRomaji } from '../../src/features/titles/kana';

test.each([
  ['しょうじょ', 'shoujo'],
  ['ファイト', 'faito'],
  ['ティーパーティー', 'tipati'],
  ['がっこう', 'gakkou'],
  ['まっちゃ', 'matcha'],
  ['ヴァイオレット', 'vaioretto'],
  ['をたく', 'otaku'],
  ['ウィッチ', 'witchi'],
  ['K-ON', 'K-ON'],
])('%s is %s', (kana, romaji) => {
  expect(kanaToRomaji(kana)).toBe(romaji);
});

test('titles are read as words, with particles as they are spoken and endings where they belong', async () => {
  const titles = {
    葬送のフリーレン: 'sousou no furiren',
    進撃の巨人: 'shingeki no kyojin',
    銀河英雄伝説: 'ginga eiyuu densetsu',
    夏目友人帳: 'natsume yuujinchou',
    花ざかりの君たちへ: 'hanazakari no kimitachi e',
    'やはり俺の青春ラブコメはまちがっている。': 'yahari ore no seishun rabukome wa machigatteiru',
    転生したらスライムだった件: 'tensei shitara suraimu datta ken',
    '【推しの子】': 'oshi no ko',
    'ぼっち・ざ・ろっく！': 'botchi za rokku',
    'ＳＴＥＩＮＳ；ＧＡＴＥ': 'STEINS GATE',
    '！': '',
  };
  expect(Object.fromEntries(await readTitles(Object.keys(titles)))).toEqual(titles);
});
