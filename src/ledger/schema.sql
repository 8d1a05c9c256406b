-- A row a file name. Clustered by the folded name, because a job owns exactly one name and a name follows from the
-- link: one tree answers "what is known of this link" and "is this name another link's", and a list that is sorted is
-- appended to it. Short integers and NULLs, because ten million rows are an ordinary ledger.
CREATE TABLE entry (
    name TEXT NOT NULL PRIMARY KEY,   -- folded: what is one file on a system that ignores case
    path TEXT,                        -- as written; NULL where that is the same
    entry TEXT,                       -- what the user wrote; NULL where it was the URL
    url TEXT NOT NULL,                -- without its secrets
    digest BLOB,                      -- of the whole URL; NULL where there are no secrets in it
    outcome INTEGER NOT NULL,         -- how it last ended: 0 not-found, 1 ok, 2 error, 3 unchanged
    class TEXT,
    status INTEGER,
    attempts INTEGER NOT NULL,
    finished_at INTEGER NOT NULL,     -- when it last ended, in seconds since 1970
    run INTEGER NOT NULL,             -- which run ended it last
    bytes INTEGER,                    -- from here on: the file that is here; all NULL where none is known
    saved_in INTEGER,                 -- which run saved it; also of one that is lost, until it is fetched again
    sha256 BLOB,
    format TEXT,                      -- of a checked image
    media_type TEXT,                  -- as the server had it
    etag TEXT,
    last_modified TEXT
) WITHOUT ROWID;

-- What is here and gone from its server: few, and to be found without a look at all rows.
CREATE INDEX gone ON entry (name) WHERE outcome = 0 AND bytes IS NOT NULL;

CREATE TABLE run (
    id INTEGER PRIMARY KEY,
    begun INTEGER NOT NULL,
    ended INTEGER,                    -- NULL while it goes on, and for ever if it was killed
    ending TEXT,
    synced INTEGER NOT NULL,          -- whether its files were brought to the disk before its rows
    checked INTEGER NOT NULL DEFAULT 0, -- its files are on the disk: time has passed, or they were read again
    boot TEXT,
    version TEXT NOT NULL,
    options TEXT NOT NULL,
    ok INTEGER,
    unchanged INTEGER,
    skipped INTEGER,
    duplicate INTEGER,
    not_found INTEGER,
    error INTEGER,
    "left" INTEGER,
    requests INTEGER,
    bytes INTEGER
);

CREATE VIEW items AS
SELECT
    coalesce(entry, url) AS entry,
    url,
    coalesce(path, name) AS path,
    CASE
        WHEN bytes IS NULL AND outcome IN (1, 3) THEN 'error' -- its file was found to be missing or damaged
        WHEN outcome = 0 THEN 'not-found'
        WHEN outcome = 1 THEN 'ok'
        WHEN outcome = 2 THEN 'error'
        WHEN outcome = 3 THEN 'unchanged'
    END AS outcome,
    CASE WHEN bytes IS NULL AND outcome IN (1, 3) THEN 'lost' ELSE class END AS class,
    status,
    bytes,
    nullif(lower(hex(sha256)), '') AS sha256,
    media_type,
    etag,
    last_modified,
    attempts,
    strftime('%Y-%m-%dT%H:%M:%SZ', finished_at, 'unixepoch') AS finished_at
FROM entry;

CREATE VIEW runs AS
SELECT
    id,
    strftime('%Y-%m-%dT%H:%M:%SZ', begun, 'unixepoch') AS begun,
    strftime('%Y-%m-%dT%H:%M:%SZ', ended, 'unixepoch') AS ended,
    ending,
    ok,
    unchanged,
    skipped,
    duplicate,
    not_found,
    error,
    "left",
    requests,
    bytes,
    version,
    boot,
    options
FROM run;
