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
