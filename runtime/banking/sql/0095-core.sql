-- A core of the bank's own may have the books instead of the embedded ledger: then customers and accounts are not known here, money
-- waits in `outgoing` until that core has booked it, and what another bank does not take goes back there.

-- What they referred to may be the core's. The ledger's own postings still refer to its accounts.
alter table payments drop constraint payments_customer_fkey, drop constraint payments_account_fkey;
alter table transfers drop constraint transfers_account_fkey, drop constraint transfers_account_currency_fkey;

alter table outgoing
  -- Whom it is handed to next.
  add column goes_to text not null default 'scheme' check (goes_to in ('core', 'scheme')),
  -- Whether the core books it; what the ledger has booked stays the ledger's.
  add column at_core boolean not null default false,
  -- Why another bank did not take it: the core is to give it back.
  add column refused_for text,
  add constraint core_books check (goes_to = 'scheme' or at_core),
  add constraint core_gives_back check (refused_for is null or goes_to = 'core');
drop index outgoing_unanswered;
-- A receiver that is away holds up nobody's search for the other one's.
create index outgoing_unanswered on outgoing (goes_to, next_at) where answered_at is null;
