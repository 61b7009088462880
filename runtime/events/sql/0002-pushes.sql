-- What happened in a period is told to a partner once more.
create index notification_by_time on notification (client, at);
-- What waits longest, and how much there is: read when metrics are.
create index notification_by_age on notification (at) where done_at is null;
-- What may be pushed is asked for in the one query that pushes.
drop view pushable;

-- What waits for a partner, of the types it subscribed to, the oldest first: without a subscription, all types. Along the index as below.
create function waiting(p_client text, p_most integer)
returns table (jti uuid, client text, type text, resource jsonb, at timestamptz)
language sql stable set enable_bitmapscan = off set enable_sort = off as $$
  select n.jti, n.client, n.type, n.resource, n.at
  from events.notification n left join events.subscription s on s.client = n.client
  where n.client = p_client and n.done_at is null and (s.event_types is null or n.type = any (s.event_types))
  order by n.position limit p_most
$$;

-- What may be pushed to a partner now, the oldest first: whatever waits since its subscription, of each subject the oldest.
-- Along the index, and no further than asked for: the planner takes a partner for one like the others and would rather
-- sort all that waits, which is much for just the one whose receiver was away.
create function due(p_client text, p_now timestamptz, p_most integer) returns setof uuid
language sql stable set enable_bitmapscan = off set enable_sort = off as $$
  select p.jti from events.subscription s join events.notification p on p.client = s.client
  where s.client = p_client and p.done_at is null and p.given_up_at is null and p.next_push_at <= p_now
    and p.at >= s.created_at and (s.event_types is null or p.type = any (s.event_types))
    and p.position = (
      select e.position from events.notification e
      where e.client = p_client and e.subject = p.subject and e.done_at is null and e.given_up_at is null
        and e.at >= s.created_at and (s.event_types is null or e.type = any (s.event_types))
      order by e.position limit 1
    )
  order by p.position limit p_most
$$;
