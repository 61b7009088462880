-- Calls that come by a partner's own gateways run as banking_partner, over connections that are made for that partner
-- (service/partner-database.ts). To them there are no payments but its own; a connection made for nobody is refused by
-- name. Accounts and what was booked on them are customers', and no partner's: a consent says who may read them.

alter table payments enable row level security;
create policy service on payments to banking using (true);
create policy own on payments to banking_partner using (client_id = current_setting('wekeza.partner'));

alter table idempotency_keys enable row level security;
create policy service on idempotency_keys to banking using (true);
create policy own on idempotency_keys to banking_partner using (client_id = current_setting('wekeza.partner'));

-- A customer's orders are account information, whichever partner she gave them by.
create function orders_of(p_accounts text[], p_kinds text[]) returns setof payments
language sql stable security definer set search_path = banking, pg_temp
begin atomic
  select * from payments where account = any (p_accounts) and kind = any (p_kinds) and erased_at is null
  order by created_at desc limit 1000;
end;
grant execute on function orders_of to banking_partner;

-- What partners ask for and no more: nothing of credentials, and evidence is only ever added to.
grant usage on schema banking to banking_partner;
grant select on accounts to banking_partner;
grant select, insert on entries, postings to banking_partner;
grant select, insert, update on payments, transfers to banking_partner;
grant select, insert on outgoing to banking_partner;
grant insert on funds_confirmations, outbox, audit_leaf to banking_partner;
grant select, insert, update, delete on idempotency_keys to banking_partner;
grant execute on function lock_accounts, beneficiary_id to banking_partner;

grant usage on schema banking to consent_partner;
grant execute on function asked_of, standing_of to consent_partner;
