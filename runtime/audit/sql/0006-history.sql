-- What the log says of some subjects, for the customer whose they are.
create function history_of(p_subjects text[]) returns table (index bigint, leaf text)
language plpgsql stable security definer set search_path = audit, pg_temp as $$
begin
  return query select l.index, l.leaf from leaf l where l.subject = any (p_subjects) order by l.index;
end $$;
grant execute on function history_of to consent;
