export { kanaToRomaji } from './kana';
export { foldChangedTitles, foldTitles, readReadings, searchSeries, type TitleMatch } from './repository';
