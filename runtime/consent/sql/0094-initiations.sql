-- Payments, and cancellations of payments, that were asked for in the words of the Berlin Group: the bank carries them out by
-- itself once their customer has authorised them. Banking looks for them, and uses each by `use` as it does any other.
create index consents_to_be_carried_out on consents (state_updated_at)
  where state = 'AUTH' and kind <> 'account-access' and berlin_group is not null;

create function authorised_initiations(p_at timestamptz, p_most integer)
returns table (id text, client_id text, kind text, customer text, account text, initiation jsonb, risk jsonb,
  cancels text)
language sql stable security definer set search_path = consent, pg_temp
begin atomic
  select c.id, c.client_id, c.kind, c.customer, c.accounts[1], c.request -> 'Initiation', c.risk,
    (select u.payment from uses u where u.consent = c.request ->> 'Cancels' order by u.at limit 1)
  from consents c
  where c.state = 'AUTH' and c.kind <> 'account-access' and c.berlin_group is not null and c.ends_at > p_at
  order by c.state_updated_at limit p_most;
end;

-- One of them, and the payment that came of it.
create function initiation(p_id text)
returns table (client_id text, kind text, state text, ends_at timestamptz, sent jsonb, payment text)
language sql stable security definer set search_path = consent, pg_temp
begin atomic
  select c.client_id, c.kind, c.state, c.ends_at, c.berlin_group,
    (select u.payment from uses u where u.consent = c.id limit 1)
  from consents c
  where c.id = p_id and c.kind <> 'account-access' and c.berlin_group is not null;
end;

-- Cancellations of one payment: what they are of stands in what was asked for, which the customer's yes is bound to.
create index consents_by_cancelled on consents ((request ->> 'Cancels'), created_at) where kind = 'payment-cancellation';

-- What a customer has authorised to cancel the payment of a consent, and nobody has carried out: whoever is about to pay looks
-- first. Locked, so that none of them ends before it is used.
create function authorised_cancellations(p_consent text, p_at timestamptz)
returns table (id text, client_id text, initiation jsonb)
language sql volatile security definer set search_path = consent, pg_temp
begin atomic
  select c.id, c.client_id, c.request -> 'Initiation' from consents c
  where c.kind = 'payment-cancellation' and c.request ->> 'Cancels' = p_consent and c.state = 'AUTH' and c.ends_at > p_at
  order by c.created_at for update;
end;

grant execute on function authorised_initiations, authorised_cancellations, initiation to banking;
