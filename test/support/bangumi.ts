import type { BangumiData } from '../../src/features/transfer/bangumi-data';

export const siteMeta: BangumiData['siteMeta'] = {
  bangumi: { title: '番组计划', urlTemplate: 'https://bangumi.tv/subject/{{id}}', type: 'info' },
  anidb: { title: 'AniDB', urlTemplate: 'https://anidb.net/anime/{{id}}', type: 'info' },
  tmdb: { title: 'The Movie DB', urlTemplate: 'https://www.themoviedb.org/{{id}}', type: 'info' },
  netflix: { title: 'Netflix', urlTemplate: 'https://www.netflix.com/title/{{id}}', type: 'onair' },
  iqiyi: {
    title: '爱奇艺',
    urlTemplate: 'https://www.iqiyi.com/{{id}}.html',
    regions: ['CN'],
    type: 'onair',
  },
  mikan: { title: '蜜柑计划', urlTemplate: 'https://mikanani.me/Home/Bangumi/{{id}}', type: 'resource' },
};

let nextId = 1;
/** An item with an id and, unless told otherwise, three weekly broadcasts from 5 April 2026. */
export function item(overrides: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    title: 'アニメ',
    titleTranslate: {},
    type: 'tv',
    lang: 'ja',
    officialSite: '',
    begin: '2026-04-05T14:15:00.000Z',
    broadcast: 'R/2026-04-05T14:15:00.000Z/P7D',
    end: '2026-04-19T14:15:00.000Z',
    comment: '',
    sites: [{ site: 'bangumi', id: String(nextId++) }],
    ...overrides,
  };
}
