-- Only while a wish to be forgotten waits for its answer a second one is the first: a customer who has come back since may
-- mean what she gave since.
drop index privacy_requests_erasing;
create unique index privacy_requests_erasing on privacy_requests (customer)
  where kind = 'erasure' and answered_at is null;

-- Whose a consent is does not change. Without this one that ended as nobody's would be erased at once: no hold would be found,
-- and seven years are counted for customers.
create function guard_customer() returns trigger language plpgsql as $$
begin
  raise exception 'consent % is its customer''s and becomes nobody else''s', old.id using errcode = 'check_violation';
end $$;
create trigger guard_customer before update on consents for each row
  when (old.customer is distinct from new.customer and old.customer is not null and new.erased_at is null)
  execute function guard_customer();
