-- The words that a customer saw when she agreed, whose hash stands in the audit leaf.
alter table consents add column shown text;

-- What a dispute needs of a consent: what was asked, under which policy, what was shown, how the customer proved who she is.
create function evidence(p_subject text) returns jsonb
language sql stable security definer set search_path = consent, pg_temp
  begin atomic
    select jsonb_build_object('consent', c.id, 'kind', c.kind, 'client', c.client_id, 'state', c.state,
      'request', c.request, 'requestHash', c.request_hash, 'risk', c.risk, 'policy', c.policy, 'customer', c.customer,
      'accounts', c.accounts, 'debtorAccount', c.debtor_account, 'sca', c.sca, 'shown', c.shown,
      'payments', (select jsonb_agg(u.payment order by u.at) from uses u where u.consent = c.id))
    from consents c where c.id = p_subject;
  end;

grant execute on function evidence to audit;
