-- The audit log takes leaves in the order of their transactions, and changes nothing here.
create index audit_leaf_in_order on audit_leaf (xid, id);
grant usage on schema consent to audit;
grant select on audit_leaf to audit;

-- Drops the months of leaves that have been over for another month and that the log has, by its last signed checkpoint, to the last leaf.
-- Which it has, only the log says. How many were dropped; what is being written to, or dropped by another replica, is left for the next time.
create function drop_sequenced() returns integer
language plpgsql security definer set search_path = consent, pg_temp set lock_timeout = '200ms' as $$
declare
  had record;
  month regclass;
  missing boolean;
  dropped integer := 0;
begin
  select h.xid, h.id into had from audit.taken_of('consent') h;
  if had.xid is null or had.id is null then
    return 0;
  end if;
  for month in select old_months('audit_leaf', now() - interval '1 month') loop
    -- Until the end of the transaction nobody adds a leaf to it, or drops it too.
    execute format('lock table %s in share row exclusive mode', month);
    execute format('select exists (select from %s where (xid, id) > ($1, $2))', month) into missing using had.xid, had.id;
    if not missing then
      execute format('drop table %s', month);
      dropped := dropped + 1;
    end if;
  end loop;
  return dropped;
exception when lock_not_available or undefined_table then
  return 0;
end $$;
