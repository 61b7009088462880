-- The log of everything that happened in a group, and what of it partners are told.

create table event (
  -- One writer at a time gives these out, so they become visible in their order: whoever reads by position misses none.
  position bigint generated always as identity primary key,
  id uuid not null unique,
  source text not null,
  at timestamptz not null,
  type text not null,
  subject text not null,
  payload jsonb not null
);

create table notification (
  jti uuid primary key references event (id),
  position bigint not null,
  client text not null,
  -- What it is about: notifications of one subject reach a webhook in the order of their positions.
  subject text not null,
  type text not null,
  resource jsonb not null,
  -- When it happened.
  at timestamptz not null,
  -- Over for this partner, and how: by its answer to the webhook, by its acknowledgement or its error in a poll.
  done_at timestamptz,
  done_by text check (done_by in ('push', 'poll', 'error')),
  error jsonb,
  attempts integer not null default 0,
  first_push_at timestamptz,
  -- No sooner than this; while a push is under way, the time at which it counts as lost.
  next_push_at timestamptz not null,
  -- No more pushes: it waits to be polled.
  given_up_at timestamptz,
  constraint done_somehow check ((done_at is null) = (done_by is null))
);

create index notification_waiting on notification (client, position) where done_at is null;
create index notification_order on notification (client, subject, position) where done_at is null;

create table subscription (
  client text primary key,
  id text not null unique,
  version text not null,
  callback_url text,
  -- Null: every type.
  event_types text[],
  created_at timestamptz not null,
  -- The breaker of its receiver: failures in a row, and no push before.
  failures integer not null default 0,
  open_until timestamptz
);

-- What may be pushed: of live subscriptions with an address, from their beginning on.
create view pushable as
  select n.jti, n.position, n.client, n.subject, n.type, n.resource, n.at, n.attempts, n.first_push_at, n.next_push_at,
    s.callback_url, s.failures, s.open_until
  from notification n join subscription s using (client)
  where n.done_at is null and n.given_up_at is null
    and s.callback_url is not null and n.at >= s.created_at
    and (s.event_types is null or n.type = any (s.event_types));

-- Every push and what became of it.
create table delivery (
  id bigint generated always as identity primary key,
  jti uuid not null,
  client text not null,
  at timestamptz not null,
  url text not null,
  attempt integer not null,
  outcome text not null,
  status integer,
  duration_ms integer not null
);
create index delivery_by_client on delivery (client, id);

-- How far the log has been written to a stream.
create table stream_position (
  stream text primary key,
  position bigint not null
);

revoke update, delete on event from events;
revoke update on delivery from events;
