import type { Database } from '../../platform/database';

/** Somebody who can do something: an admin, or a script by its token, revoked or not. */
export type ActorChoice = { readonly kind: 'admin' | 'token'; readonly id: string; readonly name: string };

/** A site with more has other ways than a list to choose from. */
const MAX_CHOICES = 500;

/** The admins and the tokens, each by name. */
export async function listActorChoices(db: Database): Promise<readonly ActorChoice[]> {
  const { rows } = await db.raw<{ rows: ActorChoice[] }>(
    `select kind, id, name from (
       select 'admin' as kind, id, email as name from admin_users
       union all select 'token', id, name from api_tokens) as actors
     order by kind, name, id
     limit ?`,
    [MAX_CHOICES],
  );
  return rows;
}
