-- With the amount, so that transactions are counted, and chosen by their sign, without reading them.
drop index postings_by_account;
create index postings_by_account on postings (account, booked_at, id) include (amount);
