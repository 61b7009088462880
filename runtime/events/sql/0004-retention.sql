-- Events, the news of them and the log of their pushes are kept for ninety days. Nobody but this function deletes an event,
-- and no clock but the database's can hurry it. What must be kept longer stands in the audit log. What is being pushed stays until it is
-- accepted or given up: a replay of what is nearly ninety days old would otherwise end in the middle. Pushes end three days after the
-- first; what was begun longer ago keeps nothing.
--
-- p_stream: the stream that is fed from the log, which keeps everything that it has not been given; null when there is none.
-- At most a hundred events and a hundred pushes at a time; whoever is told of a hundred asks again.
-- untaken: news that nobody took in all that time, which is given up with it.
create function forget(p_stream text, out events integer, out untaken integer, out pushes integer)
language plpgsql security definer set search_path = events, pg_temp as $$
declare
  before timestamptz := now() - interval '90 days';
  bound bigint := 9223372036854775807;
begin
  events := 0;
  untaken := 0;
  pushes := 0;
  if p_stream is not null then
    bound := coalesce((select s.position from stream_position s where s.stream = p_stream), 0);
  end if;
  -- The oldest stand first: while the first is young, nothing else is looked at.
  if (select e.at from event e where e.position <= bound order by e.position limit 1) < before then
    with gone as (
      delete from event e where e.position = any (array(
        select o.position from (
          select f.position, f.at, f.id from event f where f.position <= bound order by f.position limit 100
        ) o where o.at < before and not exists (
          select from notification n where n.jti = o.id and n.done_at is null and n.given_up_at is null
            and n.first_push_at > now() - interval '4 days'
        ) and not exists (
          select from webhook_notification n where n.jti = o.id and n.done_at is null and n.given_up_at is null
            and n.first_push_at > now() - interval '4 days'
        )
      )) returning e.id
    ), told as (
      delete from notification n where n.jti = any (array(select gone.id from gone)) returning n.done_at
    ), copies as (
      delete from webhook_notification n where n.jti = any (array(select gone.id from gone)) returning n.done_at
    )
    select (select count(*) from gone),
      (select count(*) from told where told.done_at is null) + (select count(*) from copies where copies.done_at is null)
    into events, untaken;
  end if;
  if (select d.at from delivery d order by d.id limit 1) < before then
    delete from delivery d where d.id = any (array(
      select o.id from (select f.id, f.at from delivery f order by f.id limit 100) o where o.at < before
    ));
    get diagnostics pushes = row_count;
  end if;
end $$;
revoke delete on delivery from events;
grant execute on function forget to events;
