-- A hold changes in nothing but its release: whose it is, who placed it, why and until when stay as they were written.
revoke update on legal_holds from consent;
grant update (released_at, released_by) on legal_holds to consent;
