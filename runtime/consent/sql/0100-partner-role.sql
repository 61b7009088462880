-- Calls that come by a partner's own gateways run as consent_partner, over connections that are made for that partner
-- (service/partner-database.ts). To them there are no rows but its own; a connection made for nobody is refused by name.

alter table consents enable row level security;
create policy service on consents to consent using (true);
create policy own on consents to consent_partner using (client_id = current_setting('wekeza.partner'));

alter table idempotency_keys enable row level security;
create policy service on idempotency_keys to consent using (true);
create policy own on idempotency_keys to consent_partner using (client_id = current_setting('wekeza.partner'));

-- What belongs to a consent is there with it.
alter table former_requests enable row level security;
create policy service on former_requests to consent using (true);
create policy own on former_requests to consent_partner
  using (exists (select from consents c where c.id = former_requests.consent));

alter table files enable row level security;
create policy service on files to consent using (true);
create policy own on files to consent_partner using (exists (select from consents c where c.id = files.consent));

alter table uses enable row level security;
create policy service on uses to consent using (true);
create policy own on uses to consent_partner using (exists (select from consents c where c.id = uses.consent));

-- What partners ask for and no more: nothing of customers' rights, and evidence is only ever added to.
grant usage on schema consent to consent_partner;
grant select, insert, update on consents to consent_partner;
grant select, insert on former_requests, files, revocations to consent_partner;
grant select on uses to consent_partner;
grant select, insert, update, delete on idempotency_keys to consent_partner;
grant insert on outbox, audit_leaf to consent_partner;
grant execute on function is_payment to consent_partner;

grant usage on schema consent to banking_partner;
grant execute on function use, release, file_of, unattended, initiation to banking_partner;
