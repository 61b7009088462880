-- How a payment stands for whoever wants to cancel it: what has a time still has something that has not left.
create function standing_of(p_payment text) returns table (status text, runs integer, cancellable boolean)
language sql stable security definer set search_path = banking, pg_temp
begin atomic
  select p.status, p.runs, p.next_at is not null
  from payments p where p.id = p_payment and p.erased_at is null;
end;
grant execute on function standing_of to consent;
