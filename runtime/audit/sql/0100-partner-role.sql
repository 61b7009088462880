-- A partner gets its receipts over the connections that are its own, too.
grant usage on schema audit to consent_partner;
grant execute on function receipt_of to consent_partner;
