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
create index webhook_notification_due on webhook_notification (receiver, next_push_at)
  where done_at is null and given_up_at is null;
-- No index has a receiver's news in the order of the log: it would be taken for the one below, and walked through for each subject.
create index webhook_notification_order on webhook_notification (receiver, subject, position) where done_at is null;
create index webhook_notification_by_time on webhook_notification (client, at);
create index webhook_notification_by_age on webhook_notification (at) where done_at is null;

-- Whoever writes news makes the copies for the webhooks that take it, a relay too that is older than they are and knows of none: while
-- one version is replaced by another either may be the one that moves a row out of an outbox.
-- One receiver after the other along the index of its partner: a plan that is kept from a time with few of them stays good.
create function copy_to_webhooks() returns trigger language plpgsql
set search_path = events, pg_temp set enable_seqscan = off set enable_hashjoin = off set enable_mergejoin = off as $$
begin
  insert into webhook_notification (jti, receiver, position, client, subject, type, resource, at, next_push_at)
  select n.jti, w.receiver, n.position, n.client, n.subject, n.type, n.resource, n.at, n.next_push_at
  from fresh n join webhook w using (client)
  where not w.ended and (w.event_types is null or n.type = any (w.event_types));
  return null;
end $$;
create trigger copy_to_webhooks after insert on notification referencing new table as fresh
  for each statement execute function copy_to_webhooks();

-- What may be pushed to a webhook now, what has been due longest first, of each subject the oldest. Along the index of what is due: what
-- was given up or is put off costs nothing, however much of it there is.
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
  order by p.next_push_at limit p_most
$$;
