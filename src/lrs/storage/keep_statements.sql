-- Keeps a batch of statements in one call: places it in the order of answers, writes all rows that
-- it is found by, and connects it with the statements that it refers to and that refer to it.
--
-- Each connection makes it for itself (see keeping.py), so it is always that of the running code.
-- Every query in it has a snapshot of its own, later than the store's lock: what the last holder
-- of the lock has committed is seen. All transactions go through the tables in this order, and
-- through the rows of each in the order of its key, so that none waits in a ring with others.
CREATE FUNCTION pg_temp.keep_statements(
    lock_class integer,
    in_store integer,
    by_credential integer,
    -- Whether all other writers of the store are kept out meanwhile.
    is_alone boolean,
    -- Whether nothing is to be kept unless everything is new.
    is_all_or_nothing boolean,
    -- One value for each statement, in the order of their ids, which are distinct.
    ids uuid[],
    -- Where each stood in what came in, from 0.
    places integer[],
    timestamps timestamptz[],
    voidings boolean[],
    targets uuid[],
    verbs uuid[],
    actors uuid[],
    objects uuid[],
    object_types text[],
    registrations uuid[],
    -- Arrays of what each names besides its actor and its object, as text, since they are ragged.
    direct_agents text[],
    other_agents text[],
    activities text[],
    scaled_scores double precision[],
    raw_scores double precision[],
    min_scores double precision[],
    max_scores double precision[],
    successes boolean[],
    completions boolean[],
    durations double precision[],
    platforms text[],
    languages text[],
    signatures text[],
    -- The JSON text of each, but for what `stored` says and the closing brace. NULL if they are so
    -- large together that they are written afterwards, in parts.
    payloads text[],
    -- Whether any of them has a target.
    is_referring boolean,
    -- A statement is found through at most this many references in a row.
    max_chain integer,
    -- Identifiers and names of agents that may not be kept yet, in the order of their keys.
    agent_keys uuid[],
    ifi_types text[],
    ifis text[],
    named_agents uuid[],
    name_digests uuid[],
    names text[],
    -- What the statements say of verbs and activities: the digest of the newest description, NULL
    -- if they only name it. If it is not the one that is kept, nothing is.
    verb_keys uuid[],
    verb_digests uuid[],
    activity_keys uuid[],
    activity_digests uuid[],
    -- What stands for each agent they name in tombstones; NULL if the caller knows of none.
    macs bytea[],
    -- Gives the position of place 0, and the ids that were taken already.
    OUT first_position bigint,
    OUT taken uuid[]
)
LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    epoch CONSTANT timestamptz := '1970-01-01 00:00:00Z';
    microsecond CONSTANT interval := '1 microsecond';
    kept uuid[];
    referring uuid[];
    voidable uuid[];
    is_awaited boolean;
BEGIN
    -- OFFSET 0 keeps PostgreSQL from making joins of look-ups: it thinks that there will be many,
    -- and would read a whole table for a few.
    IF EXISTS (
        SELECT FROM unnest(activity_keys, activity_digests) AS said (key, digest)
        WHERE NOT EXISTS (
            SELECT FROM activities
            WHERE store = in_store AND key = said.key
              AND (said.digest IS NULL OR activities.digest = said.digest)
            OFFSET 0
        )
    ) OR EXISTS (
        SELECT FROM unnest(verb_keys, verb_digests) AS said (key, digest)
        WHERE NOT EXISTS (
            SELECT FROM verbs
            WHERE store = in_store AND key = said.key
              AND (said.digest IS NULL OR verbs.digest = said.digest)
            OFFSET 0
        )
    ) THEN
        RAISE SQLSTATE 'LR003' USING MESSAGE = 'a verb or an activity is described anew';
    END IF;

    IF is_alone THEN
        PERFORM pg_advisory_xact_lock(lock_class, in_store);
    ELSE
        PERFORM pg_advisory_xact_lock_shared(lock_class, in_store);
    END IF;
    -- Who makes a tombstone holds the lock alone: so it is seen here, or what is written here is
    -- seen there.
    IF macs IS NULL THEN
        IF EXISTS (SELECT FROM tombstones WHERE store = in_store) THEN
            RAISE SQLSTATE 'LR005' USING MESSAGE = 'somebody was erased from the store';
        END IF;
    ELSIF EXISTS (SELECT FROM tombstones WHERE store = in_store AND mac = ANY (macs)) THEN
        RAISE SQLSTATE 'LR006' USING MESSAGE = 'somebody is named who was erased';
    END IF;
    first_position := CAST(extract(epoch FROM clock_timestamp()) * 1000000 AS bigint) * 1024;

    -- Rows in the order of the indexes to walk fill those better.
    WITH new AS (
        INSERT INTO statements (
            store, id, position, stored, timestamp, voiding, target, credential, verb, actor,
            object, object_type, registration, direct_agents, other_agents, activities,
            score_scaled, score_raw, score_min, score_max, success, completion, duration, platform,
            language, signature
        )
        SELECT in_store, sent.id, first_position + sent.place, moment.stored,
               coalesce(sent.timestamp, moment.stored), sent.voiding, sent.target, by_credential,
               sent.verb, sent.actor, sent.object, sent.object_type, sent.registration,
               CAST(sent.direct_agents AS uuid[]), CAST(sent.other_agents AS uuid[]),
               CAST(sent.activities AS uuid[]), sent.score_scaled, sent.score_raw, sent.score_min,
               sent.score_max, sent.success, sent.completion, sent.duration, sent.platform,
               sent.language, sent.signature
        FROM unnest(
            ids, places, timestamps, voidings, targets, verbs, actors, objects, object_types,
            registrations, direct_agents, other_agents, activities, scaled_scores, raw_scores,
            min_scores, max_scores, successes, completions, durations, platforms, languages,
            signatures
        ) AS sent (
            id, place, timestamp, voiding, target, verb, actor, object, object_type, registration,
            direct_agents, other_agents, activities, score_scaled, score_raw, score_min, score_max,
            success, completion, duration, platform, language, signature
        )
        CROSS JOIN LATERAL (
            SELECT epoch + (first_position + sent.place) / 1024 * microsecond AS stored
        ) AS moment
        ON CONFLICT DO NOTHING
        RETURNING store, position, id, direct_agents, other_agents, activities
    ),
    of_agents AS (
        INSERT INTO statement_agents (position, store, direct, agent, id)
        SELECT position, store, direct, agent, id
        FROM new
        CROSS JOIN LATERAL (
            SELECT unnest(new.direct_agents) AS agent, true AS direct
            UNION ALL
            SELECT unnest(new.other_agents), false
        ) AS named
        ORDER BY agent, position
    ),
    of_activities AS (
        INSERT INTO statement_activities (position, store, activity, id)
        SELECT position, store, unnest(activities) AS activity, id FROM new
        ORDER BY activity, position
    )
    SELECT array_agg(id) INTO kept FROM new;
    kept := coalesce(kept, '{}');

    taken := '{}';
    IF cardinality(kept) < cardinality(ids) THEN
        IF is_all_or_nothing THEN
            RAISE SQLSTATE 'LR002' USING MESSAGE = 'an id is taken';
        END IF;
        taken := ARRAY(SELECT unnest(ids) EXCEPT SELECT unnest(kept));
        IF cardinality(kept) = 0 THEN
            RETURN;
        END IF;
    END IF;

    -- What the store holds grows by a row of its own, so that no transaction waits for another. A
    -- store that is being deleted takes nothing: whoever marks it so holds its lock alone.
    IF payloads IS NOT NULL THEN
        WITH written AS (
            INSERT INTO statement_payloads (position, store, id, payload)
            SELECT first_position + sent.place, in_store, sent.id, CAST(
                       sent.payload
                       || CASE WHEN sent.timestamp IS NULL THEN ',"timestamp":"' || moment || '"'
                               ELSE '' END
                       || ',"stored":"' || moment || '"}'
                       AS json
                   )
            FROM unnest(ids, places, timestamps, payloads) AS sent (id, place, timestamp, payload)
            CROSS JOIN LATERAL to_char(
                (epoch + (first_position + sent.place) / 1024 * microsecond) AT TIME ZONE 'UTC',
                'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
            ) AS moment
            WHERE cardinality(taken) = 0 OR sent.id <> ALL (taken)
            RETURNING octet_length(CAST(payload AS text)) AS size
        )
        INSERT INTO store_usage_changes (store, statements, bytes)
        SELECT in_store, cardinality(kept), (SELECT sum(size) FROM written)
        WHERE EXISTS (SELECT FROM stores WHERE id = in_store AND deleting IS NULL);
    ELSE
        INSERT INTO store_usage_changes (store, statements, bytes)
        SELECT in_store, cardinality(kept), 0
        WHERE EXISTS (SELECT FROM stores WHERE id = in_store AND deleting IS NULL);
    END IF;
    IF NOT FOUND THEN
        RAISE SQLSTATE 'LR004' USING MESSAGE = 'the store is being deleted';
    END IF;

    IF cardinality(agent_keys) > 0 THEN
        INSERT INTO agents (store, key, ifi_type, ifi)
        SELECT in_store, key, ifi_type, ifi
        FROM unnest(agent_keys, ifi_types, ifis) AS sent (key, ifi_type, ifi)
        ON CONFLICT DO NOTHING;
    END IF;
    IF cardinality(named_agents) > 0 THEN
        INSERT INTO agent_names (store, agent, digest, name)
        SELECT in_store, agent, digest, name
        FROM unnest(named_agents, name_digests, names) AS sent (agent, digest, name)
        ON CONFLICT DO NOTHING;
    END IF;

    is_awaited := EXISTS (
        SELECT FROM statements
        WHERE store = in_store AND target = ANY (kept) AND id <> ALL (kept)
    );
    IF is_referring THEN
        referring := ARRAY(
            SELECT sent.id FROM unnest(ids, targets) AS sent (id, target)
            WHERE sent.target IS NOT NULL AND sent.id = ANY (kept)
        );
    END IF;
    IF NOT is_awaited AND coalesce(cardinality(referring), 0) = 0 THEN
        RETURN;
    END IF;
    IF NOT is_alone AND (is_awaited OR EXISTS (
        SELECT FROM unnest(ids, targets) AS sent (id, target)
        WHERE sent.id = ANY (referring) AND NOT EXISTS (
            SELECT FROM statements WHERE store = in_store AND statements.id = sent.target OFFSET 0
        )
    )) THEN
        -- The other end of a reference may be on its way in a transaction that cannot be seen yet.
        RAISE SQLSTATE 'LR001' USING MESSAGE = 'a reference needs the store alone';
    END IF;

    -- A statement that refers to another by its object also matches what that other one matches,
    -- chains included (Comm. 2.1.3). It gets a row of its own for each statement that it reaches,
    -- whichever of the two arrives first, so that no read ever has to follow references.
    WITH RECURSIVE affected (id) AS (
        SELECT unnest(CASE WHEN is_awaited THEN kept ELSE referring END)
        UNION
        SELECT referrer.id
        FROM affected
        CROSS JOIN LATERAL (
            SELECT id FROM statements WHERE store = in_store AND target = affected.id OFFSET 0
        ) AS referrer
    ),
    reached (id, via, links) AS (
        SELECT affected.id, referrer.target, 1
        FROM affected
        CROSS JOIN LATERAL (
            SELECT target FROM statements WHERE store = in_store AND id = affected.id OFFSET 0
        ) AS referrer
        WHERE referrer.target IS NOT NULL
        UNION
        SELECT reached.id, next.target, reached.links + 1
        FROM reached
        CROSS JOIN LATERAL (
            SELECT target FROM statements WHERE store = in_store AND id = reached.via OFFSET 0
        ) AS next
        WHERE next.target IS NOT NULL AND reached.links < max_chain
    ),
    pairs AS MATERIALIZED (
        SELECT DISTINCT reached.id, reached.via, referrer.position,
               target.verb, target.actor, target.object, target.registration,
               target.direct_agents, target.other_agents, target.activities
        FROM reached
        CROSS JOIN LATERAL (
            SELECT position FROM statements WHERE store = in_store AND id = reached.id OFFSET 0
        ) AS referrer
        CROSS JOIN LATERAL (
            SELECT * FROM statements WHERE store = in_store AND id = reached.via OFFSET 0
        ) AS target
        WHERE reached.via <> reached.id
    ),
    added AS (
        INSERT INTO statement_references
            (position, store, id, via, verb, actor, object, registration)
        SELECT position, in_store, id, via, verb, actor, object, registration FROM pairs
        ON CONFLICT DO NOTHING
        RETURNING id, via
    ),
    connected AS MATERIALIZED (SELECT pairs.* FROM added JOIN pairs USING (id, via)),
    of_activities AS (
        INSERT INTO statement_activities (position, store, activity, id, via)
        SELECT position, in_store, activity, id, via
        FROM connected, unnest(activities) AS activity
        WHERE activity IS DISTINCT FROM object
    )
    INSERT INTO statement_agents (position, store, direct, agent, id, via)
    SELECT position, in_store, direct, agent, id, via
    FROM connected
    CROSS JOIN LATERAL (
        SELECT unnest(direct_agents) AS agent, true AS direct
        UNION ALL
        SELECT unnest(other_agents), false
    ) AS named
    WHERE agent IS DISTINCT FROM actor;

    voidable := ARRAY(
        SELECT sent.target FROM unnest(ids, targets, voidings) AS sent (id, target, voiding)
        WHERE sent.voiding AND sent.id = ANY (referring)
    );
    IF is_awaited THEN
        voidable := voidable || kept;
    END IF;
    IF cardinality(voidable) > 0 THEN
        -- Rows are locked in one order, so that two who void the same do not wait in a ring.
        WITH victims AS MATERIALIZED (
            SELECT id
            FROM statements
            WHERE store = in_store AND id = ANY (voidable) AND NOT voiding AND NOT voided
              AND EXISTS (
                  SELECT FROM statements AS other
                  WHERE other.store = in_store AND other.target = statements.id AND other.voiding
              )
            ORDER BY id
            FOR UPDATE
        )
        UPDATE statements SET voided = true
        FROM victims
        WHERE statements.store = in_store AND statements.id = victims.id;
    END IF;
END
$$;
