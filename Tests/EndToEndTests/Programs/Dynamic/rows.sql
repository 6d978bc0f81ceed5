-- A hundred thousand rows in a file, with a journal in shared memory and pages read by mmap.
PRAGMA journal_mode = wal;
PRAGMA mmap_size = 67108864;
CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, city INTEGER, worth INTEGER);
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100000)
INSERT INTO person SELECT i, printf('person %06d', (i * 7919) % 100003), i % 97, (i * i) % 10007 FROM n;
SELECT count(*), sum(worth), min(name), max(name) FROM person;
CREATE INDEX by_name ON person (name);
CREATE INDEX by_city ON person (city, worth);
SELECT city, count(*), sum(worth) FROM person GROUP BY city ORDER BY 3 DESC LIMIT 5;
SELECT id FROM person WHERE name = 'person 004242';
SELECT count(*) FROM person a JOIN person b ON a.name = b.name AND a.id < b.id;
EXPLAIN QUERY PLAN SELECT id FROM person WHERE city = 7 AND worth > 9000;
SELECT group_concat(id) FROM (SELECT id FROM person WHERE city = 7 AND worth > 9900 ORDER BY id);
BEGIN;
UPDATE person SET worth = worth + 1 WHERE city < 10;
ROLLBACK;
UPDATE person SET worth = worth - 1 WHERE id % 3 = 0;
DELETE FROM person WHERE id % 5 = 0;
SELECT count(*), sum(worth), total(length(name)) FROM person;
PRAGMA wal_checkpoint(truncate);
VACUUM;
PRAGMA integrity_check;
SELECT count(DISTINCT city), avg(worth) FROM person WHERE name LIKE '%77%';
