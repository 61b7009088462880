import { askedAt, consentOf, customerOf, type Fill, type Size } from "../size.ts";

/** Leaves under one checkpoint. */
const BATCH = 100;

/**
 * A log of one leaf per consent, for a database of its own. Its rows and leaf hashes are true, the inner nodes, roots and
 * signatures are not: it shows what reading costs, and proves nothing.
 */
export function auditRows(size: Size): readonly Fill[] {
  const all = `generate_series(1, ${size.consents}) n`;
  const at = askedAt("n", size);
  const whole = Math.floor(size.consents / BATCH);
  const random = (number: string): string => `sha256((${number})::text::bytea)`;
  return [
    {
      table: "audit.leaf",
      sql: `insert into audit.leaf (index, sequenced_at, source, source_id, at, subject, leaf, hash)
        select n - 1, asked, 'consent', n, asked, subject, leaf, sha256('\\x00'::bytea || convert_to(leaf, 'UTF8'))
        from (select n, ${at} as asked, ${consentOf("n")} as subject,
          jsonb_build_object('type', 'consent.requested', 'consent', ${consentOf("n")}, 'policyHash', md5(n::text))::text as leaf from ${all}) l`,
    },
    {
      table: "audit.node",
      sql: `insert into audit.node (level, index, hash)
        select level, i - 1, ${random("i * level")} from unnest(array[8, 16, 24]) level, lateral generate_series(1, ${size.consents} >> level) i`,
    },
    {
      table: "audit.checkpoint",
      sql: `insert into audit.checkpoint (size, from_size, at, epoch, root, frontier, leaves, cursors, note)
        select n * ${BATCH}, (n - 1) * ${BATCH}, ${askedAt(`(n * ${BATCH})`, size)}, 1, ${random("n")},
          decode(repeat(encode(${random("n")}, 'hex'), length(replace((n * ${BATCH})::bit(32)::text, '0', ''))), 'hex'),
          decode(repeat(encode(${random("n")}, 'hex'), ${BATCH}), 'hex'),
          jsonb_build_object('consent', jsonb_build_object('xid', pg_snapshot_xmin(pg_current_snapshot())::text, 'id', '0')), 'no true note'
        from generate_series(1, ${whole}) n`,
    },
    {
      table: "audit.wrapping_key",
      sql: "insert into audit.wrapping_key (public, since) values (sha256('scale'), $1)",
    },
    {
      table: "audit.subject_key",
      sql: `insert into audit.subject_key (customer, public, sealed, wrapping)
        select ${customerOf("n")}, ${random("n")}, ${random("n")}, sha256('scale') from generate_series(1, ${size.customers}) n`,
    },
    {
      table: "audit.audit_leaf",
      sql: `insert into audit.audit_leaf (at, subject, leaf, hash)
        select $1, ${customerOf("n")}, leaf, sha256('\\x00'::bytea || convert_to(leaf, 'UTF8'))
        from generate_series(1, ${Math.ceil(size.customers / 20)}) n, lateral (select '{"type":"audit.shredded","n":' || n || '}' as leaf) l`,
    },
  ];
}
