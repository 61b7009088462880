-- The last leaf that the log has of a source, by the newest checkpoint; nothing while there is none. In order of transaction and number, it
-- has every one up to it. Whoever owns a source asks before it drops a month of its own.
create function taken_of(p_source text, out xid xid8, out id bigint)
language sql stable security definer set search_path = audit, pg_temp as $$
  select (c.cursors -> p_source ->> 'xid')::xid8, (c.cursors -> p_source ->> 'id')::bigint
  from checkpoint c order by c.size desc limit 1
$$;
grant usage on schema audit to consent_owner, banking_owner;
grant execute on function taken_of to consent_owner, banking_owner;
