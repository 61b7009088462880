-- The audit log takes leaves in the order of their transactions, and changes nothing here.
create index audit_leaf_in_order on audit_leaf (xid, id);
grant usage on schema banking to audit;
grant select on audit_leaf to audit;

-- What a dispute needs of a payment: what was asked, and what it moved.
create function evidence(p_subject text) returns jsonb
language sql stable security definer set search_path = banking, pg_temp
  begin atomic
    select jsonb_build_object('payment', p.id, 'kind', p.kind, 'client', p.client_id, 'consent', p.consent,
      'customer', p.customer, 'account', p.account, 'initiation', p.initiation, 'instruction', p.instruction,
      'status', p.status, 'reason', p.reason, 'createdAt', p.created_at,
      'postings', (select jsonb_agg(to_jsonb(t) order by t.at, t.id) from transfers t where t.payment = p.id))
    from payments p where p.id = p_subject;
  end;
grant execute on function evidence to audit;
