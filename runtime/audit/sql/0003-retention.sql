-- A month of leaves may be dropped when it has been kept for seven years and nobody holds it: by this function alone, which
-- nobody's clock but the database's can hurry. Checkpoints, nodes and hashes stay, so what is left is still proved.

create table hold (
  id bigint generated always as identity primary key,
  -- First day of the month that is held.
  month date not null check (month = date_trunc('month', month)),
  -- Such as the number of a case.
  reason text not null check (reason <> ''),
  placed_at timestamptz not null,
  lifted_at timestamptz check (lifted_at >= placed_at)
);
revoke insert on hold from audit;

create function place_hold(p_month date, p_reason text, p_at timestamptz) returns bigint
language sql security definer set search_path = audit, pg_temp as $$
  insert into hold (month, reason, placed_at) values (p_month, p_reason, p_at) returning id
$$;

-- True when there was one to lift.
create function lift_hold(p_id bigint, p_at timestamptz) returns boolean
language sql security definer set search_path = audit, pg_temp as $$
  with lifted as (update hold set lifted_at = p_at where id = p_id and lifted_at is null returning 1)
  select exists (select from lifted)
$$;

-- First and last index of what was dropped.
create function drop_month(p_month date) returns table (first_index bigint, last_index bigint)
language plpgsql security definer set search_path = audit, pg_temp as $$
declare
  name text := 'leaf_' || to_char(p_month, 'YYYY_MM');
  kept_until timestamptz := (p_month + interval '7 years 1 month') at time zone 'UTC';
  held text;
begin
  if kept_until > now() then
    raise exception 'leaves of % are kept until %', to_char(p_month, 'YYYY-MM'), kept_until using errcode = 'check_violation';
  end if;
  select string_agg(reason, ', ') into held from hold where month = p_month and lifted_at is null;
  if held is not null then
    raise exception 'leaves of % are held: %', to_char(p_month, 'YYYY-MM'), held using errcode = 'check_violation';
  end if;
  if to_regclass('audit.' || name) is null then
    raise exception 'there are no leaves of %', to_char(p_month, 'YYYY-MM') using errcode = 'check_violation';
  end if;
  return query execute format('select min(index), max(index) from %I', name);
  execute format('alter table leaf detach partition %I', name);
  execute format('drop table %I', name);
end $$;
