import { z } from 'zod';
import { refuse } from '../../web/input';
import { ENGLISH, type Words } from '../../web/words';

export const GENRES = [
  'action',
  'adventure',
  'comedy',
  'drama',
  'fantasy',
  'historical',
  'horror',
  'isekai',
  'kids',
  'mecha',
  'music',
  'mystery',
  'psychological',
  'romance',
  'school',
  'sci-fi',
  'slice-of-life',
  'sports',
  'supernatural',
  'thriller',
] as const;
export type Genre = (typeof GENRES)[number];

export function genreLabel(genre: Genre, { t }: Words): string {
  return t(`genre.${genre}`);
}

/** A list of genres as people or scripts write them: `Slice of Life`, `slice-of-life`. In the order of the alphabet, each once. */
export const genresSchema = z
  .array(
    z.string('Must be text.').transform((typed, context): Genre => {
      const wanted = typed.trim().toLowerCase().replace(/[ _]/g, '-');
      const known = GENRES.find((genre) => genre === wanted);
      return (
        known ??
        refuse(
          context,
          `Is none of the genres: ${GENRES.map((genre) => genreLabel(genre, ENGLISH)).join(', ')}.`,
        )
      );
    }),
    'Must be a list of genres.',
  )
  .max(20, 'Must have at most 20 genres.')
  .transform((genres) => GENRES.filter((genre) => genres.includes(genre)));
