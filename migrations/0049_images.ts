import type { Knex } from 'knex';
import { runStatements } from './statements';

/**
 * Pictures that admins upload. A series and an episode name theirs; `poster` and `still`, which the views of visitors have had from the
 * beginning, get the address of it when its files are there, with the colour that stands in its place behind a #. A
 * node of the version before shows that address as it is.
 */
export async function up(knex: Knex): Promise<void> {
  await runStatements(knex, IMAGES);
  for (const kind of KINDS) await runStatements(knex, namedBy(kind));
}

export async function down(knex: Knex): Promise<void> {
  for (const { table, image, shown } of KINDS)
    await runStatements(
      knex,
      `
      drop trigger show_${shown} on ${table};
      drop function show_${shown}();
      update ${table} set ${shown} = null where ${image} is not null;
      alter table ${table} drop column ${image};
    `,
    );
  await runStatements(knex, 'drop table images');
}

type Kind = {
  readonly table: string;
  readonly image: string;
  readonly shown: string;
  /** The width that is shown where a browser is offered none to choose from. */
  readonly width: number;
};

const KINDS: readonly Kind[] = [
  { table: 'series', image: 'poster_image', shown: 'poster', width: 480 },
  { table: 'episodes', image: 'still_image', shown: 'still', width: 640 },
];

const IMAGES = `
  create table images (
    name text primary key check (name ~ '^[0-9a-f]{24}$'),
    kind text not null check (kind in ('poster', 'still')),
    colour text not null check (colour ~ '^[0-9a-f]{6}$'),
    uploaded_at timestamptz(3) not null default now(),
    -- When all files of it were there.
    encoded_at timestamptz(3),
    -- As far as the job that purges them knows; null: something names it.
    unnamed_since timestamptz(3) default now()
  );
  create index images_unnamed on images (unnamed_since) where unnamed_since is not null;
`;

/**
 * By a trigger, since a picture is named in many ways: by a form, a script, an import, the journal. It locks the row: what a job
 * says of the picture comes before or after, and is seen either way. Until the files are there, the picture before is shown; of one that
 * is not kept, none.
 */
function namedBy({ table, image, shown, width }: Kind): string {
  return `
  alter table ${table} add column ${image} text check (${image} ~ '^[0-9a-f]{24}$');
  create index ${table}_by_${image} on ${table} (${image}) where ${image} is not null;
  create function show_${shown}() returns trigger language plpgsql as $$
  declare
    found record;
  begin
    if new.${image} is null then
      if tg_op = 'UPDATE' and old.${image} is not null then
        new.${shown} := null;
      end if;
      return new;
    end if;
    select colour, encoded_at into found
      from images
      where name = new.${image} and kind = '${shown}'
      for share;
    if found.colour is null then
      new.${shown} := null;
    elsif found.encoded_at is not null then
      new.${shown} := '/images/' || new.${image} || '-${width}.webp#' || found.colour;
    end if;
    return new;
  end $$;
  create trigger show_${shown} before insert or update of ${image} on ${table}
    for each row execute function show_${shown}();
`;
}
