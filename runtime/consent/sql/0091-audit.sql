-- The audit log takes leaves in the order of their transactions, and changes nothing here.
create index audit_leaf_in_order on audit_leaf (xid, id);
grant usage on schema consent to audit;
grant select on audit_leaf to audit;
