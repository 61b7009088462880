-- What proves to a partner or a customer what happened to a consent or a payment: leaves, each with its path to the root of
-- the newest signed checkpoint. In the database, so that whoever hands out receipts needs no right but to ask for this.

-- Root of a full subtree, from the nodes that are kept below it; leaves' hashes come from the checkpoints.
create function subtree_root(p_level integer, p_index bigint) returns bytea
language plpgsql stable set search_path = audit, pg_temp as $$
declare
  below integer := p_level % 8;
  first bigint := p_index << below;
  past bigint := (p_index + 1) << below;
  hashes bytea := '';
  part bytea;
begin
  if p_level < 8 then
    for part in
      select substring(leaves from 32 * greatest(first - from_size, 0)::integer + 1
        for 32 * (least(size, past) - greatest(from_size, first))::integer)
      from checkpoint where from_size < past and from_size >=
        (select from_size from checkpoint where from_size <= first order by from_size desc limit 1)
      order by from_size
    loop
      hashes := hashes || part;
    end loop;
  else
    for part in
      select hash from node where level = p_level - below and index >= first and index < past order by index
    loop
      hashes := hashes || part;
    end loop;
  end if;
  if length(hashes) <> 32 * (past - first) then
    raise exception 'of the nodes below subtree % of level % some are not kept', p_index, p_level;
  end if;
  while length(hashes) > 32 loop
    select string_agg(sha256('\x01'::bytea || substring(hashes from 64 * n + 1 for 64)), ''::bytea order by n) into hashes
    from generate_series(0, length(hashes) / 64 - 1) n;
  end loop;
  return hashes;
end $$;

-- The largest k with 2^k <= p_number, which is above 0.
create function power_of_two_in(p_number bigint) returns integer
language sql immutable return length(ltrim(p_number::bit(64)::text, '0')) - 1;

-- Root of a tree over leaves from `p_first` to before `p_past`; it begins where a full subtree of its size may.
create function range_root(p_first bigint, p_past bigint) returns bytea
language plpgsql stable set search_path = audit, pg_temp as $$
declare
  roots bytea[] := '{}';
  root bytea;
  level integer;
  at bigint := p_first;
begin
  while at < p_past loop
    level := power_of_two_in(p_past - at);
    roots := roots || subtree_root(level, at >> level);
    at := at + (1::bigint << level);
  end loop;
  root := roots[cardinality(roots)];
  for n in reverse cardinality(roots) - 1 .. 1 loop
    root := sha256('\x01'::bytea || roots[n] || root);
  end loop;
  return root;
end $$;

-- Proof that leaf `p_index` is in the tree of `p_size` leaves (RFC 9162 section 2.1.3.1), base64.
create function inclusion_proof(p_index bigint, p_size bigint) returns text[]
language plpgsql stable set search_path = audit, pg_temp as $$
declare
  first bigint := 0;
  past bigint := p_size;
  parting bigint;
  sibling bytea;
  proof text[] := '{}';
begin
  if p_index < 0 or p_index >= p_size then
    raise exception 'leaf % is not in a tree of % leaves', p_index, p_size;
  end if;
  while past - first > 1 loop
    parting := first + (1::bigint << power_of_two_in(past - first - 1));
    if p_index < parting then
      sibling := range_root(parting, past);
      past := parting;
    else
      sibling := range_root(first, parting);
      first := parting;
    end if;
    proof := array_prepend(encode(sibling, 'base64'), proof);
  end loop;
  return proof;
end $$;

-- {at, checkpoint, leaves: [{index, leaf, proof}]} in order of index; null while nothing is signed. Of what happens again
-- and again, uses of a consent to recurring payments and states of an order, the newest: everything else comes first.
create function receipt_of(p_subjects text[]) returns jsonb
language plpgsql stable security definer set search_path = audit, pg_temp as $$
declare
  head record;
  entry record;
  leaves jsonb := '[]';
begin
  select size, at, note into head from checkpoint order by size desc limit 1;
  if not found then
    return null;
  end if;
  for entry in
    with newest as (
      select h.index, h.leaf from history_of(p_subjects) h
      order by h.leaf::jsonb ->> 'type' in ('consent.used', 'consent.released', 'payment.updated'), h.index desc limit 50
    ) select * from newest order by newest.index
  loop
    leaves := leaves || jsonb_build_object('index', entry.index, 'leaf', entry.leaf,
      'proof', to_jsonb(inclusion_proof(entry.index, head.size)));
  end loop;
  return jsonb_build_object('at', head.at, 'checkpoint', head.note, 'leaves', leaves);
end $$;
grant execute on function receipt_of to consent;
