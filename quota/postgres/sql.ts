// Statements: the SQL for the server. Each statement returns one row with one JSON text.

import { classOf } from "./options.ts";

/** How many waiting processes are told that a place is free. */
export const CALLED = 8;

/** A number that no ticket has. */
const PEER = 2_147_483_647;

/**
 * The statements of one session. Each session of the quota holds the shared lock (`queue`, PEER).
 * Places are the locks (`places`, 1 … max). A waiting session holds the shared lock (`places`, 0)
 * and a ticket: (`queue`, the server's time in ms at its begin). A claim is (`queue`, a negative
 * number). All values are numbers, so none needs an escape.
 */
export class Statements {
  readonly channel: string;
  readonly #places: number;
  readonly #queue: number;
  readonly #max: number;
  /** Tests whether this is still the session that was set up. */
  readonly #mine: string;
  readonly #id: string;

  constructor(key: string, max: number, id: string) {
    this.#places = classOf(`place ${key}`);
    this.#queue = classOf(`queue ${key}`);
    this.#max = max;
    this.#id = id;
    this.#mine = `current_setting('proxypool.quota', true) is not distinct from '${id}'`;
    this.channel = `proxypool_${this.#places >>> 0}_${this.#queue >>> 0}`;
  }

  /** Sets up a session of a quota. Settings that this server does not know are skipped. */
  setUp(settings: Record<string, string>): string {
    const values = Object.entries(settings).map(([name, value]) => `('${name}', '${value}')`);
    return `with before as materialized (
      select coalesce(current_setting('proxypool.quota', true), '') as owner),
    done as materialized (select set_config(v.name, v.value, false)
      from (values ${values.join()}) as v (name, value) join pg_settings using (name)),
    owned as materialized (select owner, case when owner = '' then
      set_config('proxypool.quota', '${this.#id}', false) ||
      pg_advisory_lock_shared(${this.#queue}, ${PEER})::text end as id from before)
    select json_build_object('mine', owner = '', 'pid', pg_backend_pid(), 'id', id,
      'set', (select count(*) from done))::text as answer from owned`;
  }

  /** Listens to notifications. */
  get listen(): string {
    return `listen ${this.channel}`;
  }

  /** Sends a notification. */
  tell(payload: string): string {
    return `${this.#begin} select json_build_object('mine', yes, 'told',
      pg_notify('${this.channel}', '${payload}')::text)::text as answer from mine`;
  }

  /** Asks whether the session answers and is the same, and for the other sessions. */
  get beat(): string {
    return `${this.#begin}, ${this.#locks}
    select json_build_object('mine', yes, 'peers', ${PEERS})::text as answer from mine`;
  }

  /** Takes up to `n` places, except those in `own`, if no other session waits. */
  take(n: number, own: Iterable<number>): string {
    return `${this.#begin}, door as materialized (
      select yes, yes and ${this.#nobodyWaits} as open from mine),
    ${this.#taken("open", `${n}`, own)}, ${this.#locks}
    select json_build_object('mine', yes, 'slots', ${SLOTS}, 'peers', ${PEERS})::text
      as answer from door`;
  }

  /** Gets a ticket: the first one, or one at the end of the queue instead of `old`. */
  queueUp(old: number | undefined): string {
    const now = "(extract(epoch from clock_timestamp()) * 1000)::int8 % 2147000000";
    const enter = old === undefined
      ? `pg_advisory_lock_shared(${this.#places}, 0)::text`
      : `pg_advisory_unlock(${this.#queue}, ${old})::text`;
    return `${this.#begin}, entered as materialized (
      select yes, case when yes then ${enter} end as done from mine),
    ticket as materialized (select t from (select ${now} as now from entered where yes offset 0) n,
      generate_series(now, now + 10000) as t
      where pg_try_advisory_lock(${this.#queue}, t::int) limit 1)
    select json_build_object('mine', yes, 'done', done, 'ticket', (select t from ticket))::text
      as answer from entered`;
  }

  /**
   * Takes up to `n` places if it is this ticket's turn, or if `force`; and returns the numbers of
   * the others.
   */
  look(n: number, own: Iterable<number>, ticket: number, force: boolean): string {
    return `${this.#begin}, ${this.#locks},
    counts as materialized (select
      (select position from line where ticket = ${ticket}) as ahead,
      (select count(*) from line where ticket <> ${ticket}) as others,
      ${this.#max} - (select count(distinct place) from locks where place <= ${this.#max}) as free),
    door as materialized (select yes, counts.*,
      yes and (${force} or free > ahead) as open from mine, counts),
    ${this.#taken("open", `case when (select others from counts) > 0 then 1 else ${n} end`, own)}
    select json_build_object('mine', yes, 'slots', ${SLOTS}, 'peers', ${PEERS}, 'ahead', ahead, 'others', others,
      'free', free,
      'waiting', (select coalesce(json_agg(pid order by position), '[]') from line),
      'holders', (select coalesce(json_agg(pid), '[]') from locks where place is not null))::text
      as answer from door`;
  }

  /** Releases places and claims, and notifies waiting sessions. */
  giveBack(places: readonly number[], claims: readonly number[]): string {
    return `${this.#begin}, ${this.#unlocked("freed", this.#places, places)},
    ${this.#unlocked("unclaimed", this.#queue, claims)},
    ${
      this.#called(
        "(select n from freed)",
        "(select freed.n > 0 and unclaimed.n >= 0 from freed, unclaimed)",
      )
    }
    select json_build_object('mine', yes, 'freed', (select n from freed), 'called', told)::text
      as answer from mine, called`;
  }

  /** Leaves the queue, and notifies waiting sessions: another one may be the first now. */
  leave(ticket: number, free: number): string {
    return `${this.#begin}, left_ as materialized (select yes, case when yes then
      pg_advisory_unlock(${this.#queue}, ${ticket}) and
      pg_advisory_unlock_shared(${this.#places}, 0) end as done from mine),
    ${this.#called(`${free}`, "(select done from left_)")}
    select json_build_object('mine', yes, 'done', done, 'called', told)::text
      as answer from left_, called`;
  }

  /** Claims a request for this session, unless another one has; releases `old` claims. */
  claim(id: number, old: readonly number[]): string {
    return `${this.#begin}, ${this.#unlocked("unclaimed", this.#queue, old)}
    select json_build_object('mine', yes, 'unclaimed', unclaimed.n, 'won', case when yes then
      pg_try_advisory_lock(${this.#queue}, ${-id}) end)::text as answer from mine, unclaimed`;
  }

  get #begin(): string {
    return `with mine as materialized (select ${this.#mine} as yes)`;
  }

  /**
   * A session that holds this lock only for a moment counts as waiting. That costs one more look.
   */
  get #nobodyWaits(): string {
    return `case when pg_try_advisory_lock(${this.#places}, 0)
      then pg_advisory_unlock(${this.#places}, 0) else false end`;
  }

  /** By `case`, so that PostgreSQL evaluates the condition before it takes the lock. */
  #taken(open: string, n: string, own: Iterable<number>): string {
    return `taken as materialized (select s from door, generate_series(1, ${this.#max}) as s
      where case when ${open} and s <> all('{${[...own]}}'::int[])
      then pg_try_advisory_lock(${this.#places}, s) else false end limit ${n})`;
  }

  /** `line` is the queue: a session that has its share lets others go first. */
  get #locks(): string {
    const [places, queue] = [this.#places >>> 0, this.#queue >>> 0];
    return `locks as materialized (select pid,
      case when classid = ${places} and objid > 0 then objid::int8 end as place,
      case when classid = ${queue} and objid <> ${PEER} then objid::int8 end as ticket
      from pg_locks where locktype = 'advisory' and granted and objsubid = 2
      and classid in (${places}, ${queue}) and objid < 2147483648
      and database = (select oid from pg_database where datname = current_database())),
    held as materialized (select pid, count(place) as n from locks
      where place is not null or ticket is not null group by pid),
    line as materialized (select pid, ticket, row_number() over (order by
      n > 0 and (n + 1) * (select count(*) from held) > ${this.#max}, ticket) - 1 as position
      from locks join held using (pid) where ticket is not null)`;
  }

  #unlocked(name: string, group: number, numbers: readonly number[]): string {
    return `${name} as materialized (select count(*) filter (where case when yes then
      pg_advisory_unlock(${group}, n) end) as n from mine, unnest('{${numbers}}'::int[]) as n)`;
  }

  /** Notifies waiting sessions, if `when`, of the number of free places. */
  #called(free: string, when: string): string {
    return `alone as materialized (select case when ${when}
      then ${this.#nobodyWaits} else true end as yes),
    ${this.#locks.replace("from pg_locks where", "from alone, pg_locks where not alone.yes and")},
    called as materialized (select case when not alone.yes then
      pg_notify('${this.channel}', 'free ' || ${free} || ' ' ||
        (select string_agg(pid::text, ' ' order by position) from line
          where position < ${CALLED}))::text
      end as told from alone)`;
  }
}

const PEERS = "(select coalesce(json_agg(distinct pid), '[]') from locks)";

const SLOTS = "(select coalesce(json_agg(s), '[]') from taken)";
