-- Webhooks that a partner's resource declares. Each is a receiver of its own, with its own copies of the news, beside the one subscription
-- that the partner makes itself and what it polls: what one of them has taken is not over for another.

create table webhook (
  -- client/name
  receiver text primary key,
  client text not null,
  name text not null,
  callback_url text not null,
  -- Null: every type.
  event_types text[],
  -- The breaker, as a subscription has it.
  failures integer not null default 0,
  open_until timestamptz,
  -- Taken out of the resource: nothing is sent any more, and the row goes when nothing waits for it.
  ended boolean not null default false,
  -- It takes less than before, or nothing: what waits for it is looked through.
  narrowed boolean not null default false
);
create index webhook_by_client on webhook (client);
create index webhook_narrowed on webhook (receiver) where narrowed;

-- Up to which version of the signed documents a partner's webhooks are as they say: whoever has seen no more changes nothing.
create table declaration (
  client text primary key,
  version bigint not null
);

-- As the table notification, once for each webhook that takes it.
create table webhook_notification (
  jti uuid not null references event (id),
  receiver text not null,
  position bigint not null,
  client text not null,
  subject text not null,
  type text not null,
  resource jsonb not null,
  at timestamptz not null,
  done_at timestamptz,
  -- withdrawn: the webhook was taken out of the resource, or takes this type no more.
  done_by text check (done_by in ('push', 'withdrawn')),
  attempts integer not null default 0,
  first_push_at timestamptz,
  next_push_at timestamptz not null,
  given_up_at timestamptz,
  primary key (jti, receiver),
  constraint done_somehow check ((done_at is null) = (done_by is null))
);
create index webhook_notification_waiting on webhook_notification (receiver, position) where done_at is null;
create index webhook_notification_order on webhook_notification (receiver, subject, position) where done_at is null;
create index webhook_notification_by_time on webhook_notification (client, at);

-- What may be pushed to a webhook now, the oldest first, of each subject the oldest; along the index, as due().
create function due_at_webhook(p_receiver text, p_now timestamptz, p_most integer) returns setof uuid
language sql stable set enable_bitmapscan = off set enable_sort = off as $$
  select p.jti from events.webhook w join events.webhook_notification p on p.receiver = w.receiver
  where w.receiver = p_receiver and p.done_at is null and p.given_up_at is null and p.next_push_at <= p_now
    and (w.event_types is null or p.type = any (w.event_types))
    and p.position = (
      select e.position from events.webhook_notification e
      where e.receiver = p_receiver and e.subject = p.subject and e.done_at is null and e.given_up_at is null
        and (w.event_types is null or e.type = any (w.event_types))
      order by e.position limit 1
    )
  order by p.position limit p_most
$$;

-- As before, with the copies of webhooks.
create or replace function forget(p_stream text, out events integer, out untaken integer, out pushes integer)
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
