-- The audit log: every leaf the services of this stack wrote, in one order, as a Merkle tree (RFC 9162) with signed
-- checkpoints. Rows are only ever added: no role may change or remove one, and triggers hold when rights do not.

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'rows of audit.% are never changed or removed', tg_table_name using errcode = 'insufficient_privilege';
end $$;

-- By month of sequencing, so that a month is one run of indexes that can be exported and, in the end, dropped.
create table leaf (
  index bigint not null check (index >= 0),
  sequenced_at timestamptz not null,
  -- Whose leaf: the schema and the id it had there.
  source text not null,
  source_id bigint not null,
  at timestamptz not null,
  subject text not null,
  -- Canonical JSON (RFC 8785), byte for byte what was hashed.
  leaf text not null,
  hash bytea not null,
  constraint hash_of_leaf check (hash = sha256('\x00'::bytea || convert_to(leaf, 'UTF8'))),
  primary key (index, sequenced_at)
) partition by range (sequenced_at);
create index leaf_by_subject on leaf (subject, index);
create trigger append_only before update or delete or truncate on leaf execute function refuse_change();

-- Hashes of full subtrees at levels 8, 16, 24 …: with the leaves' own hashes any proof takes a few hundred rows.
create table node (
  level smallint not null check (level > 0 and level % 8 = 0),
  index bigint not null check (index >= 0),
  hash bytea not null check (octet_length(hash) = 32),
  primary key (level, index)
);
create trigger append_only before update or delete or truncate on node execute function refuse_change();

-- What was signed, and all that the next one needs. Two sequencers cannot both continue the same tree.
create table checkpoint (
  size bigint primary key,
  from_size bigint not null unique check (from_size >= 0 and from_size < size),
  at timestamptz not null,
  epoch bigint not null,
  root bytea not null check (octet_length(root) = 32),
  -- Roots of the largest full subtrees, left to right.
  frontier bytea not null,
  -- Hashes of the leaves since the checkpoint before: kept apart from the rows, so that a changed row can be named.
  leaves bytea not null check (octet_length(leaves) = 32 * (size - from_size)),
  -- The last row taken of each source: {"consent": {"xid": "731", "id": "12"}}.
  cursors jsonb not null,
  -- Signed note (C2SP tlog-checkpoint).
  note text not null
);
-- Uncompressed, so that a piece of it can be read without the rest.
alter table checkpoint alter column leaves set storage external;
create trigger append_only before update or delete or truncate on checkpoint execute function refuse_change();
create index checkpoint_by_time on checkpoint (at);

-- What the log itself has to say (epochs, shredded keys, holds); sequenced as any other service's.
create table audit_leaf (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  subject text not null,
  leaf text not null,
  hash bytea not null,
  xid xid8 not null default pg_current_xact_id()
);
create index audit_leaf_in_order on audit_leaf (xid, id);
create trigger append_only before update or delete or truncate on audit_leaf execute function refuse_change();

-- The partition of a time, made if absent; whoever sequences asks for it each time, so that leaves wait for no other process.
create function ensure_month(p_at timestamptz) returns void
language sql security definer set search_path = audit, pg_temp as $$ select add_month('leaf', p_at) $$;
