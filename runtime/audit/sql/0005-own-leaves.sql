-- Whether an epoch is declared already is asked of the log's own leaves, among which are those of every customer forgotten.
create index audit_leaf_by_subject on audit_leaf (subject);
