-- What a payment was to be, whose hash stands in its first leaf, and how it stands; for receipts. Nothing of an erased one.
create function asked_of(p_payment text)
returns table (kind text, initiation jsonb, instruction jsonb, status text, reason text, status_at timestamptz)
language sql stable security definer set search_path = banking, pg_temp
begin atomic
  select p.kind, p.initiation, p.instruction, p.status, p.reason, p.status_at
  from payments p where p.id = p_payment and p.erased_at is null;
end;
grant execute on function asked_of to consent;
