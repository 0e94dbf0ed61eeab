-- Which credential asked: `token:NAME`, `jwt:SUB`, never the credential itself. Null where nobody asked (a probe), and in rows
-- of before.
alter table integration_logs add column principal varchar(220);
