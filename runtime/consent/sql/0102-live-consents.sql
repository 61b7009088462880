-- For how many live consents were given under each text of a policy: counted from this index alone. Equal entries share their key in it.
create index consents_live_by_text on consents (client_id, policy_hash) where state = 'AUTH';
