-- Ids are given out before transactions commit: whoever reads in their order also needs to know which transactions are
-- still open (pg_snapshot_xmin).
alter table outbox add column xid xid8 not null default pg_current_xact_id();
alter table audit_leaf add column xid xid8 not null default pg_current_xact_id();

-- The relay of the events service takes rows out of the outbox in the transaction that copies them.
grant usage on schema consent to events;
grant select, delete on outbox to events;
