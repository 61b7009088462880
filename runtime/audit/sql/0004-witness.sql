-- What this stack has seen of other logs, as their witness. Of each log only ever larger trees, each beginning with the one
-- before it.
create table witnessed (
  origin text not null,
  size bigint not null,
  root bytea not null check (octet_length(root) = 32),
  -- As it came, with the log's own signature.
  note text not null,
  at timestamptz not null,
  primary key (origin, size)
);
create trigger append_only before update or delete or truncate on witnessed execute function refuse_change();
