import { writersOf, type SchemaName } from "./roles.ts";

/** Rows that move into months that are over: as many as take less than a second. */
const MOVED_AT_MOST = 10_000;

/**
 * What a schema is given before its own files, to keep tables by month: `partition_by_month`, which a migration calls for a table of its
 * own, `keep_months`, which services call, and `old_months`. One statement, run as the schema's owner, safe to repeat.
 *
 * A table by month `t` has the partitions `t_YYYY_MM` (months of UTC), `t_before` for what is older than the first of them, and
 * `t_beyond` for whatever has no month: nothing that a service writes is refused for want of one. Months are made ahead, and never in the
 * way of writers for longer than a blink: attached instead of created in place, which would lock readers out, and given up when a lock is
 * not to be had within 200 ms. Who writes rows has no rights on a partition by itself, and none to make or drop one.
 */
export function monthFunctions(schema: SchemaName): string {
  const writers = writersOf(schema);
  const here = `language plpgsql set search_path = ${schema}, pg_temp`;
  return `
-- The column that says in which month a row belongs.
create or replace function month_column(p_table text) returns name language sql stable set search_path = ${schema}, pg_temp as $$
  select a.attname from pg_partitioned_table p join pg_attribute a on a.attrelid = p.partrelid and a.attnum = p.partattrs[0]
  where p.partrelid = to_regclass(p_table)
$$;

-- A partition. Rows from p_first to before p_past that were put aside in t_beyond move into it.
create or replace function add_partition(p_table text, p_name text, p_bound text, p_first timestamptz, p_past timestamptz) returns void
${here} as $$
declare
  guard text;
begin
  execute format('create table %I (like %I including all excluding identity)', p_name, p_table);
  execute format('revoke all on %I from ${writers}', p_name);
  -- Those for each row come with being attached.
  for guard in
    select pg_get_triggerdef(oid) from pg_trigger where tgrelid = to_regclass(p_table) and not tgisinternal and tgtype & 3 = 2
  loop
    execute replace(guard, format(' ON ${schema}.%I ', p_table), format(' ON ${schema}.%I ', p_name));
  end loop;
  if to_regclass(p_table || '_beyond') is not null then
    execute format('lock table %I in access exclusive mode', p_table || '_beyond');
    execute format('with moved as (delete from %1$I where %2$I >= %3$L and %2$I < %4$L returning *) insert into %5$I select * from moved',
      p_table || '_beyond', month_column(p_table), p_first, p_past, p_name);
  end if;
  execute format('alter table %I attach partition %I %s', p_table, p_name, p_bound);
end $$;

-- The month of a time, made if absent.
create or replace function add_month(p_table text, p_at timestamptz) returns void
${here} as $$
declare
  first timestamp := date_trunc('month', p_at at time zone 'UTC');
  past timestamp := first + interval '1 month';
  name text := p_table || to_char(first, '_YYYY_MM');
begin
  if to_regclass(name) is null then
    perform add_partition(p_table, name,
      format('for values from (%L) to (%L)', first at time zone 'UTC', past at time zone 'UTC'), first at time zone 'UTC', past at time zone 'UTC');
  end if;
end $$;

-- Begins to keep a table by month, or begins earlier than it did while nothing older is there.
create or replace function partition_by_month(p_table text, p_from timestamptz) returns void
${here} as $$
declare
  first timestamp := date_trunc('month', p_from at time zone 'UTC');
  kept boolean;
begin
  if to_regclass(p_table || '_before') is null then
    perform add_partition(p_table, p_table || '_beyond', 'default', '-infinity', '-infinity');
  else
    execute format('select exists (select from %I)', p_table || '_before') into kept;
    if kept then
      return;
    end if;
    execute format('drop table %I', p_table || '_before');
  end if;
  perform add_partition(p_table, p_table || '_before',
    format('for values from (minvalue) to (%L)', first at time zone 'UTC'), '-infinity', first at time zone 'UTC');
  while first <= now() at time zone 'UTC' + interval '3 months' loop
    perform add_month(p_table, first at time zone 'UTC');
    first := first + interval '1 month';
  end loop;
end $$;

-- Makes the present month and the next three of every table by month. How many months after the present one are there in all of them:
-- less than three while somebody else makes them, or a table was too busy; -1 when rows have no month of their own: the present one is
-- not there, or so many lie in t_beyond for months that are over that those who read and write would wait while they move.
create or replace function keep_months() returns integer
language plpgsql security definer set search_path = ${schema}, pg_temp set lock_timeout = '200ms' as $$
declare
  present timestamp := date_trunc('month', now() at time zone 'UTC');
  kept text;
  aside integer;
  past timestamp[];
  ahead integer := 3;
begin
  for kept in
    select c.relname from pg_partitioned_table p join pg_class c on c.oid = p.partrelid
    where c.relnamespace = '${schema}'::regnamespace and p.partstrat = 'r'
  loop
    for month in 0 .. 3 loop
      begin
        perform add_month(kept, (present + month * interval '1 month') at time zone 'UTC');
      exception when lock_not_available or duplicate_table or duplicate_object or unique_violation or deadlock_detected then
        ahead := least(ahead, month - 1);
        exit;
      end;
    end loop;
    -- Nobody called while these were the present one.
    begin
      execute format('select count(*), array_agg(distinct date_trunc(''month'', written at time zone ''UTC''))
        from (select %1$I as written from %2$I where %1$I < %3$L limit ${MOVED_AT_MOST + 1}) aside',
        month_column(kept), kept || '_beyond', present at time zone 'UTC') into aside, past;
      if aside > ${MOVED_AT_MOST} then
        ahead := -1;
      else
        for n in 1 .. coalesce(cardinality(past), 0) loop
          perform add_month(kept, past[n] at time zone 'UTC');
        end loop;
      end if;
    exception when lock_not_available or duplicate_table or duplicate_object or unique_violation or deadlock_detected then
      null;
    end;
  end loop;
  return ahead;
end $$;

-- Months of a table that were over at a time, the oldest first.
create or replace function old_months(p_table text, p_at timestamptz) returns setof regclass
language sql stable set search_path = ${schema}, pg_temp as $$
  select c.oid::regclass from pg_inherits i join pg_class c on c.oid = i.inhrelid
  where i.inhparent = to_regclass(p_table) and case when c.relname ~ '_[0-9]{4}_[0-9]{2}$'
    then (to_date(right(c.relname, 7), 'YYYY_MM') + interval '1 month') at time zone 'UTC' <= p_at end
  order by c.relname
$$;

revoke execute on function month_column, add_partition, add_month, partition_by_month, old_months from ${writers};
`;
}
