-- By id within a partner: the first of a partner's living consents are found without looking at the others.
drop index consents_by_client;
create index consents_by_client on consents (client_id, id) where state in ('AWUP', 'AWAU', 'AUTH');
