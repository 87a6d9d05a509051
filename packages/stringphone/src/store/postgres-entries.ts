import type { PostgresClient } from "./postgres-pool.js"
import type { PostgresTables } from "./postgres-schema.js"

/*
 * In a schema that may have other tables of ours too:
 *
 *     store_entries     key (key-bytes.ts), value, version
 *     store_versions    the sequence that versions come from: none comes back
 *     store_head        one row: version, of all this
 *     store_get         a function, so that its plan can be told never to read the whole table, as the
 *                       server would while it remembers how small it was
 *     store_commit      a function: a commit in one statement, so in one round trip. The values come
 *                       behind each other, as bytes; in an array they would be spelt out. A length of
 *                       NULL deletes
 *
 * A commit locks its keys by name, because what is not there has no row to lock. Each is a number that
 * comes with it, the same from all: so these are sorted, and nobody waits for one who waits. A commit of
 * very many keys would fill the server's table of locks, and takes the lock that all others share.
 */
export const ENTRY_TABLES: PostgresTables = {
  head: "store_head",
  version: 1,
  create: createTables,
}

const MAX_LOCKS = 64

async function createTables(client: PostgresClient, schema: string): Promise<void> {
  const entries = `${schema}.store_entries`
  await client.query(
    `CREATE TABLE ${entries} (key bytea PRIMARY KEY, value bytea NOT NULL, version bigint NOT NULL);
     CREATE SEQUENCE ${schema}.store_versions;

     CREATE FUNCTION ${schema}.store_get(wanted bytea)
     RETURNS TABLE (entry_value bytea, entry_version bigint)
     LANGUAGE plpgsql STABLE SET enable_seqscan = off AS $$
     BEGIN
       RETURN QUERY SELECT value, version FROM ${entries} WHERE key = wanted;
     END $$;

     CREATE FUNCTION ${schema}.store_commit(locks integer[], check_keys bytea[],
       check_versions bigint[], write_keys bytea[], write_lengths integer[],
       write_values bytea)
     RETURNS boolean
     LANGUAGE plpgsql SET lock_timeout = '30s' SET enable_seqscan = off AS $$
     DECLARE
       all_keys bigint := hashtextextended('stringphone ${entries}', 0);
       scope integer := '${entries}'::regclass::oid::integer;
       lock integer;
       item record;
       actual bigint;
       number bigint;
       start integer := 1;
     BEGIN
       -- Others would not see after the lock what was written before it.
       IF current_setting('transaction_isolation') <> 'read committed'
         OR current_setting('transaction_read_only') = 'on' THEN
         RETURN NULL;
       END IF;
       IF current_setting('synchronous_commit') = 'off' THEN
         PERFORM set_config('synchronous_commit', 'on', true);
       END IF;
       IF cardinality(locks) > ${MAX_LOCKS} THEN
         PERFORM pg_advisory_xact_lock(all_keys);
       ELSE
         PERFORM pg_advisory_xact_lock_shared(all_keys);
         FOREACH lock IN ARRAY locks LOOP
           PERFORM pg_advisory_xact_lock(scope, lock);
         END LOOP;
       END IF;
       FOR item IN SELECT * FROM unnest(check_keys, check_versions) AS checks (key, version) LOOP
         SELECT version INTO actual FROM ${entries} WHERE key = item.key;
         IF actual IS DISTINCT FROM item.version THEN
           RETURN false;
         END IF;
       END LOOP;
       number := nextval('${schema}.store_versions');
       FOR item IN SELECT * FROM unnest(write_keys, write_lengths) AS writes (key, length) LOOP
         IF item.length IS NULL THEN
           DELETE FROM ${entries} WHERE key = item.key;
         ELSE
           INSERT INTO ${entries}
           VALUES (item.key, substring(write_values FROM start FOR item.length), number)
           ON CONFLICT (key) DO UPDATE SET value = excluded.value, version = excluded.version;
           start := start + item.length;
         END IF;
       END LOOP;
       RETURN true;
     END $$;

     CREATE TABLE ${schema}.store_head (version integer NOT NULL);
     INSERT INTO ${schema}.store_head VALUES (${ENTRY_TABLES.version})`,
  )
}
