import type { Database, Transaction } from '../../platform/database';
import type { Role } from './roles';

/** A session that nobody has used for this long is over. A desk that is left in the evening is closed the next morning. */
export const IDLE_HOURS = 12;
/** And after this long it is over however much it is used: a cookie that was copied is not good for ever. */
export const LONGEST_DAYS = 30;

/** Of the rows that are kept, those that still let somebody in. */
const IS_OPEN = `ended_at is null and expire > now()
  and seen_at > now() - interval '${IDLE_HOURS} hours' and began_at > now() - interval '${LONGEST_DAYS} days'`;
/** How exactly "last seen" is kept. Not each request of a page that is open writes a row. */
const SEEN_S = 60;

/** Somebody whose session is open. */
export type SignedIn = {
  readonly id: string;
  readonly email: string;
  readonly role: Role;
  /** Their password is one that somebody else has seen: nothing else is to be had until it is changed. */
  readonly mustChangePassword: boolean;
  /** IANA name; undefined until they choose one. */
  readonly timeZone: string | undefined;
  /** That the session is in use is to be noted: it was last a minute ago, or from another address. */
  readonly isToBeSeen: boolean;
};

/** Where a request comes from. */
export type SeenFrom = { readonly address: string; readonly browser: string };

/** Whose session that is, if it is open. @param sid as express-session calls it, which opens it: to be shown to nobody */
export async function findSignedIn(
  db: Database,
  sid: string,
  { address }: Pick<SeenFrom, 'address'>,
): Promise<SignedIn | undefined> {
  const { rows } = await db.raw<{
    rows: {
      id: string;
      email: string;
      role: Role;
      must_change_password: boolean;
      time_zone: string | null;
      is_to_be_seen: boolean;
    }[];
  }>(
    `select admin_users.id, email, role, must_change_password, time_zone,
       seen_at < now() - interval '${SEEN_S} seconds' or address is distinct from :address as is_to_be_seen
     from admin_sessions join admin_users on admin_users.id = admin_id
     where sid = :sid and ${IS_OPEN}`,
    { sid, address },
  );
  const [row] = rows;
  return (
    row && {
      id: row.id,
      email: row.email,
      role: row.role,
      mustChangePassword: row.must_change_password,
      timeZone: row.time_zone ?? undefined,
      isToBeSeen: row.is_to_be_seen,
    }
  );
}

const MAX_BROWSER_LENGTH = 300;

/** Notes that a session is in use, and from where. */
export async function noteSeen(db: Database, sid: string, { address, browser }: SeenFrom): Promise<void> {
  await db('admin_sessions')
    .where({ sid })
    .update({ seen_at: db.fn.now(3), address, browser: browser.slice(0, MAX_BROWSER_LENGTH) });
}

export type ListedSession = {
  readonly id: string;
  readonly beganAt: Date;
  readonly seenAt: Date;
  /** Undefined for one of the version before that nobody has used since. */
  readonly address: string | undefined;
  readonly browser: string | undefined;
  readonly isThis: boolean;
};

const MAX_LISTED = 100;

/** The open sessions of an admin, the one that was used last first. @param sid of the one that asks */
export async function listSessions(
  db: Database,
  adminId: string,
  sid: string,
): Promise<readonly ListedSession[]> {
  const rows: {
    id: string;
    began_at: Date;
    seen_at: Date;
    address: string | null;
    browser: string | null;
    is_this: boolean;
  }[] = await db('admin_sessions')
    .select('id', 'began_at', 'seen_at', 'address', 'browser', db.raw('sid = ? as is_this', [sid]))
    .where({ admin_id: adminId })
    .whereRaw(IS_OPEN)
    .orderBy([
      { column: 'seen_at', order: 'desc' },
      { column: 'id', order: 'desc' },
    ])
    .limit(MAX_LISTED);
  return rows.map((row) => ({
    id: row.id,
    beganAt: row.began_at,
    seenAt: row.seen_at,
    address: row.address ?? undefined,
    browser: row.browser ?? undefined,
    isThis: row.is_this,
  }));
}

/** Which sessions: all of an admin, one of them, or all but one. */
export type SessionChoice = { readonly adminId: string; readonly id?: string; readonly exceptSid?: string };

/** How many sessions have ended, and the live ids by which their streams are ended. */
export type Ended = { readonly count: number; readonly liveIds: readonly string[] };

const WITHOUT_ADMIN = `(sess::jsonb - 'adminId' - 'liveId')::json`;

/**
 * Ends sessions. The rows stay until their time is over: a request that is under way saves its session once more, and must not
 * bring it back.
 */
export async function endSessions(
  db: Database | Transaction,
  { adminId, id, exceptSid }: SessionChoice,
): Promise<Ended> {
  const { rows } = await db.raw<{ rows: { live_id: string | null; was_open: boolean }[] }>(
    `update admin_sessions
     set ended_at = now(), sess = ${WITHOUT_ADMIN}
     from (select sid, live_id, ${IS_OPEN} as was_open from admin_sessions
           where admin_id = :adminId and ended_at is null
             and (:id::bigint is null or id = :id::bigint)
             and (:exceptSid::text is null or sid <> :exceptSid::text)
           order by sid for update) as chosen
     where admin_sessions.sid = chosen.sid
     returning chosen.live_id, chosen.was_open`,
    { adminId, id: id ?? null, exceptSid: exceptSid ?? null },
  );
  return {
    count: rows.filter(({ was_open: wasOpen }) => wasOpen).length,
    liveIds: rows.flatMap(({ live_id: liveId }) => liveId ?? []),
  };
}

/** Ends the session that somebody logs out of, in the same way. */
export async function endSession(db: Database, sid: string): Promise<void> {
  await db('admin_sessions')
    .where({ sid })
    .whereNull('ended_at')
    .update({ ended_at: db.fn.now(3), sess: db.raw(WITHOUT_ADMIN) });
}

/** Of the sessions with these live ids, the ones that are not over, and whose admin is still there. */
export async function findOpenSessions(
  db: Database,
  liveIds: readonly string[],
): Promise<ReadonlySet<string>> {
  const rows: { readonly live_id: string }[] = await db('admin_sessions')
    .select('live_id')
    .join('admin_users', 'admin_users.id', 'admin_sessions.admin_id')
    .whereRaw(IS_OPEN)
    .whereRaw('live_id = any(?)', [[...liveIds]])
    .limit(liveIds.length);
  return new Set(rows.map(({ live_id }) => live_id));
}
