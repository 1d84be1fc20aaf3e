-- integer_core
SELECT
  CAST("account" AS Int64) AS "account",
  CAST("exchanges" AS Int64) AS "exchanges",
  CAST("failed" AS Int64) AS "failed",
  CAST("openings" AS Int64) AS "openings",
  CAST("opened" AS Int64) AS "opened",
  CAST("turns" AS Int64) AS "turns",
  CAST("with_tools" AS Int64) AS "with_tools",
  CAST("tools" AS Int64) AS "tools",
  CAST("streamed" AS Int64) AS "streamed",
  CAST("continued" AS Int64) AS "continued",
  CAST("input_tokens" AS Int64) AS "input_tokens",
  CAST("output_tokens" AS Int64) AS "output_tokens",
  CAST("input_square" AS Int64) AS "input_square",
  CAST("output_square" AS Int64) AS "output_square",
  CAST("turn_most" AS Int64) AS "turn_most",
  CAST("input_most" AS Int64) AS "input_most",
  CAST("output_most" AS Int64) AS "output_most",
  CAST("last_us" AS Int64) AS "last_us",
  CAST("input_least" AS Int64) AS "input_least",
  CAST("output_least" AS Int64) AS "output_least",
  CAST("first_us" AS Int64) AS "first_us",
  CAST("hour_00" AS Int64) AS "hour_00",
  CAST("hour_01" AS Int64) AS "hour_01",
  CAST("hour_02" AS Int64) AS "hour_02",
  CAST("hour_03" AS Int64) AS "hour_03",
  CAST("hour_04" AS Int64) AS "hour_04",
  CAST("hour_05" AS Int64) AS "hour_05",
  CAST("hour_06" AS Int64) AS "hour_06",
  CAST("hour_07" AS Int64) AS "hour_07",
  CAST("hour_08" AS Int64) AS "hour_08",
  CAST("hour_09" AS Int64) AS "hour_09",
  CAST("hour_10" AS Int64) AS "hour_10",
  CAST("hour_11" AS Int64) AS "hour_11",
  CAST("hour_12" AS Int64) AS "hour_12",
  CAST("hour_13" AS Int64) AS "hour_13",
  CAST("hour_14" AS Int64) AS "hour_14",
  CAST("hour_15" AS Int64) AS "hour_15",
  CAST("hour_16" AS Int64) AS "hour_16",
  CAST("hour_17" AS Int64) AS "hour_17",
  CAST("hour_18" AS Int64) AS "hour_18",
  CAST("hour_19" AS Int64) AS "hour_19",
  CAST("hour_20" AS Int64) AS "hour_20",
  CAST("hour_21" AS Int64) AS "hour_21",
  CAST("hour_22" AS Int64) AS "hour_22",
  CAST("hour_23" AS Int64) AS "hour_23",
  CAST("gap_00001" AS Int64) AS "gap_00001",
  CAST("gap_00002" AS Int64) AS "gap_00002",
  CAST("gap_00005" AS Int64) AS "gap_00005",
  CAST("gap_00010" AS Int64) AS "gap_00010",
  CAST("gap_00020" AS Int64) AS "gap_00020",
  CAST("gap_00030" AS Int64) AS "gap_00030",
  CAST("gap_00060" AS Int64) AS "gap_00060",
  CAST("gap_00120" AS Int64) AS "gap_00120",
  CAST("gap_00300" AS Int64) AS "gap_00300",
  CAST("gap_00600" AS Int64) AS "gap_00600",
  CAST("gap_01800" AS Int64) AS "gap_01800",
  CAST("gap_03600" AS Int64) AS "gap_03600",
  CAST("gap_07200" AS Int64) AS "gap_07200",
  CAST("gap_21600" AS Int64) AS "gap_21600",
  CAST("gap_43200" AS Int64) AS "gap_43200",
  CAST("gap_86400" AS Int64) AS "gap_86400",
  CAST("days" AS Int64) AS "days",
  CAST("day_square" AS Int64) AS "day_square",
  CAST("day_most" AS Int64) AS "day_most",
  CAST("text_distinct" AS Int64) AS "text_distinct",
  CAST("text_square" AS Int64) AS "text_square",
  CAST("text_most" AS Int64) AS "text_most",
  CAST("address_distinct" AS Int64) AS "address_distinct",
  CAST("address_square" AS Int64) AS "address_square",
  CAST("address_most" AS Int64) AS "address_most",
  CAST("conversation_distinct" AS Int64) AS "conversation_distinct",
  CAST("conversation_square" AS Int64) AS "conversation_square",
  CAST("conversation_most" AS Int64) AS "conversation_most"
FROM (
SELECT
  "t18"."account" AS "account",
  "t18"."exchanges" AS "exchanges",
  "t18"."failed" AS "failed",
  "t18"."openings" AS "openings",
  "t18"."opened" AS "opened",
  "t18"."turns" AS "turns",
  "t18"."with_tools" AS "with_tools",
  "t18"."tools" AS "tools",
  "t18"."streamed" AS "streamed",
  "t18"."continued" AS "continued",
  "t18"."input_tokens" AS "input_tokens",
  "t18"."output_tokens" AS "output_tokens",
  "t18"."input_square" AS "input_square",
  "t18"."output_square" AS "output_square",
  "t18"."turn_most" AS "turn_most",
  "t18"."input_most" AS "input_most",
  "t18"."output_most" AS "output_most",
  "t18"."last_us" AS "last_us",
  "t18"."input_least" AS "input_least",
  "t18"."output_least" AS "output_least",
  "t18"."first_us" AS "first_us",
  "t18"."hour_00" AS "hour_00",
  "t18"."hour_01" AS "hour_01",
  "t18"."hour_02" AS "hour_02",
  "t18"."hour_03" AS "hour_03",
  "t18"."hour_04" AS "hour_04",
  "t18"."hour_05" AS "hour_05",
  "t18"."hour_06" AS "hour_06",
  "t18"."hour_07" AS "hour_07",
  "t18"."hour_08" AS "hour_08",
  "t18"."hour_09" AS "hour_09",
  "t18"."hour_10" AS "hour_10",
  "t18"."hour_11" AS "hour_11",
  "t18"."hour_12" AS "hour_12",
  "t18"."hour_13" AS "hour_13",
  "t18"."hour_14" AS "hour_14",
  "t18"."hour_15" AS "hour_15",
  "t18"."hour_16" AS "hour_16",
  "t18"."hour_17" AS "hour_17",
  "t18"."hour_18" AS "hour_18",
  "t18"."hour_19" AS "hour_19",
  "t18"."hour_20" AS "hour_20",
  "t18"."hour_21" AS "hour_21",
  "t18"."hour_22" AS "hour_22",
  "t18"."hour_23" AS "hour_23",
  "t19"."gap_00001" AS "gap_00001",
  "t19"."gap_00002" AS "gap_00002",
  "t19"."gap_00005" AS "gap_00005",
  "t19"."gap_00010" AS "gap_00010",
  "t19"."gap_00020" AS "gap_00020",
  "t19"."gap_00030" AS "gap_00030",
  "t19"."gap_00060" AS "gap_00060",
  "t19"."gap_00120" AS "gap_00120",
  "t19"."gap_00300" AS "gap_00300",
  "t19"."gap_00600" AS "gap_00600",
  "t19"."gap_01800" AS "gap_01800",
  "t19"."gap_03600" AS "gap_03600",
  "t19"."gap_07200" AS "gap_07200",
  "t19"."gap_21600" AS "gap_21600",
  "t19"."gap_43200" AS "gap_43200",
  "t19"."gap_86400" AS "gap_86400",
  "t9"."days" AS "days",
  "t9"."day_square" AS "day_square",
  "t9"."day_most" AS "day_most",
  "t13"."text_distinct" AS "text_distinct",
  "t13"."text_square" AS "text_square",
  "t13"."text_most" AS "text_most",
  "t14"."address_distinct" AS "address_distinct",
  "t14"."address_square" AS "address_square",
  "t14"."address_most" AS "address_most",
  "t15"."conversation_distinct" AS "conversation_distinct",
  "t15"."conversation_square" AS "conversation_square",
  "t15"."conversation_most" AS "conversation_most"
FROM (
  SELECT
    "t6"."account" AS "account",
    SUM("t6"."exchanges") AS "exchanges",
    SUM("t6"."failed") AS "failed",
    SUM("t6"."openings") AS "openings",
    SUM("t6"."opened") AS "opened",
    SUM("t6"."turns") AS "turns",
    SUM("t6"."with_tools") AS "with_tools",
    SUM("t6"."tools") AS "tools",
    SUM("t6"."streamed") AS "streamed",
    SUM("t6"."continued") AS "continued",
    SUM("t6"."input_tokens") AS "input_tokens",
    SUM("t6"."output_tokens") AS "output_tokens",
    SUM("t6"."input_square") AS "input_square",
    SUM("t6"."output_square") AS "output_square",
    MAX("t6"."turn_most") AS "turn_most",
    MAX("t6"."input_most") AS "input_most",
    MAX("t6"."output_most") AS "output_most",
    MAX("t6"."last_us") AS "last_us",
    MIN("t6"."input_least") AS "input_least",
    MIN("t6"."output_least") AS "output_least",
    MIN("t6"."first_us") AS "first_us",
    SUM(CASE WHEN "t6"."hour" = 0 THEN "t6"."exchanges" ELSE 0 END) AS "hour_00",
    SUM(CASE WHEN "t6"."hour" = 1 THEN "t6"."exchanges" ELSE 0 END) AS "hour_01",
    SUM(CASE WHEN "t6"."hour" = 2 THEN "t6"."exchanges" ELSE 0 END) AS "hour_02",
    SUM(CASE WHEN "t6"."hour" = 3 THEN "t6"."exchanges" ELSE 0 END) AS "hour_03",
    SUM(CASE WHEN "t6"."hour" = 4 THEN "t6"."exchanges" ELSE 0 END) AS "hour_04",
    SUM(CASE WHEN "t6"."hour" = 5 THEN "t6"."exchanges" ELSE 0 END) AS "hour_05",
    SUM(CASE WHEN "t6"."hour" = 6 THEN "t6"."exchanges" ELSE 0 END) AS "hour_06",
    SUM(CASE WHEN "t6"."hour" = 7 THEN "t6"."exchanges" ELSE 0 END) AS "hour_07",
    SUM(CASE WHEN "t6"."hour" = 8 THEN "t6"."exchanges" ELSE 0 END) AS "hour_08",
    SUM(CASE WHEN "t6"."hour" = 9 THEN "t6"."exchanges" ELSE 0 END) AS "hour_09",
    SUM(CASE WHEN "t6"."hour" = 10 THEN "t6"."exchanges" ELSE 0 END) AS "hour_10",
    SUM(CASE WHEN "t6"."hour" = 11 THEN "t6"."exchanges" ELSE 0 END) AS "hour_11",
    SUM(CASE WHEN "t6"."hour" = 12 THEN "t6"."exchanges" ELSE 0 END) AS "hour_12",
    SUM(CASE WHEN "t6"."hour" = 13 THEN "t6"."exchanges" ELSE 0 END) AS "hour_13",
    SUM(CASE WHEN "t6"."hour" = 14 THEN "t6"."exchanges" ELSE 0 END) AS "hour_14",
    SUM(CASE WHEN "t6"."hour" = 15 THEN "t6"."exchanges" ELSE 0 END) AS "hour_15",
    SUM(CASE WHEN "t6"."hour" = 16 THEN "t6"."exchanges" ELSE 0 END) AS "hour_16",
    SUM(CASE WHEN "t6"."hour" = 17 THEN "t6"."exchanges" ELSE 0 END) AS "hour_17",
    SUM(CASE WHEN "t6"."hour" = 18 THEN "t6"."exchanges" ELSE 0 END) AS "hour_18",
    SUM(CASE WHEN "t6"."hour" = 19 THEN "t6"."exchanges" ELSE 0 END) AS "hour_19",
    SUM(CASE WHEN "t6"."hour" = 20 THEN "t6"."exchanges" ELSE 0 END) AS "hour_20",
    SUM(CASE WHEN "t6"."hour" = 21 THEN "t6"."exchanges" ELSE 0 END) AS "hour_21",
    SUM(CASE WHEN "t6"."hour" = 22 THEN "t6"."exchanges" ELSE 0 END) AS "hour_22",
    SUM(CASE WHEN "t6"."hour" = 23 THEN "t6"."exchanges" ELSE 0 END) AS "hour_23"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."hour" AS "hour",
      COUNT(*) AS "exchanges",
      countIf("t0"."status" >= 400) AS "failed",
      countIf("t0"."turn" <= 1) AS "openings",
      countIf((
        "t0"."turn" <= 1
      ) AND (
        "t0"."status" < 400
      )) AS "opened",
      SUM("t0"."turn") AS "turns",
      countIf("t0"."n_tools" > 0) AS "with_tools",
      SUM("t0"."n_tools") AS "tools",
      SUM("t0"."stream") AS "streamed",
      countIf("t0"."context_in" <> 0) AS "continued",
      SUM("t0"."input_tokens") AS "input_tokens",
      SUM("t0"."output_tokens") AS "output_tokens",
      SUM(LEAST("t0"."input_tokens", 65535) * LEAST("t0"."input_tokens", 65535)) AS "input_square",
      SUM(LEAST("t0"."output_tokens", 65535) * LEAST("t0"."output_tokens", 65535)) AS "output_square",
      MAX("t0"."turn") AS "turn_most",
      MAX("t0"."input_tokens") AS "input_most",
      MAX("t0"."output_tokens") AS "output_most",
      MAX("t0"."ts_us") AS "last_us",
      MIN("t0"."input_tokens") AS "input_least",
      MIN("t0"."output_tokens") AS "output_least",
      MIN("t0"."ts_us") AS "first_us"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."hour"
  ) AS "t6"
  GROUP BY
    "t6"."account"
) AS "t18"
INNER JOIN (
  SELECT
    "t8"."account" AS "account",
    countIf("t8"."gap" <= 1000000) AS "gap_00001",
    countIf("t8"."gap" <= 2000000) AS "gap_00002",
    countIf("t8"."gap" <= 5000000) AS "gap_00005",
    countIf("t8"."gap" <= 10000000) AS "gap_00010",
    countIf("t8"."gap" <= 20000000) AS "gap_00020",
    countIf("t8"."gap" <= 30000000) AS "gap_00030",
    countIf("t8"."gap" <= 60000000) AS "gap_00060",
    countIf("t8"."gap" <= 120000000) AS "gap_00120",
    countIf("t8"."gap" <= 300000000) AS "gap_00300",
    countIf("t8"."gap" <= 600000000) AS "gap_00600",
    countIf("t8"."gap" <= 1800000000) AS "gap_01800",
    countIf("t8"."gap" <= 3600000000) AS "gap_03600",
    countIf("t8"."gap" <= 7200000000) AS "gap_07200",
    countIf("t8"."gap" <= 21600000000) AS "gap_21600",
    countIf("t8"."gap" <= 43200000000) AS "gap_43200",
    countIf("t8"."gap" <= 86400000000) AS "gap_86400"
  FROM (
    SELECT
      "t1"."account" AS "account",
      "t1"."ts_us" - lagInFrame("t1"."ts_us", 1, -2305843009213693952) OVER (
        PARTITION BY "t1"."account"
        ORDER BY "t1"."ts_us" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "gap"
    FROM (
      SELECT
        "t0"."account" AS "account",
        "t0"."ts_us" AS "ts_us"
      FROM "canonical_rows" AS "t0"
    ) AS "t1"
  ) AS "t8"
  GROUP BY
    "t8"."account"
) AS "t19"
  ON "t18"."account" = "t19"."account"
INNER JOIN (
  SELECT
    "t2"."account" AS "account",
    COUNT(*) AS "days",
    SUM("t2"."times" * "t2"."times") AS "day_square",
    MAX("t2"."times") AS "day_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."day" AS "day",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."day"
  ) AS "t2"
  GROUP BY
    "t2"."account"
) AS "t9"
  ON "t18"."account" = "t9"."account"
INNER JOIN (
  SELECT
    "t3"."account" AS "account",
    countIf("t3"."text" <> 0) AS "text_distinct",
    SUM(CASE WHEN "t3"."text" <> 0 THEN "t3"."times" * "t3"."times" ELSE 0 END) AS "text_square",
    MAX(CASE WHEN "t3"."text" <> 0 THEN "t3"."times" ELSE 0 END) AS "text_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."text" AS "text",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."text"
  ) AS "t3"
  GROUP BY
    "t3"."account"
) AS "t13"
  ON "t18"."account" = "t13"."account"
INNER JOIN (
  SELECT
    "t4"."account" AS "account",
    countIf("t4"."address" <> 0) AS "address_distinct",
    SUM(CASE WHEN "t4"."address" <> 0 THEN "t4"."times" * "t4"."times" ELSE 0 END) AS "address_square",
    MAX(CASE WHEN "t4"."address" <> 0 THEN "t4"."times" ELSE 0 END) AS "address_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."address" AS "address",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."address"
  ) AS "t4"
  GROUP BY
    "t4"."account"
) AS "t14"
  ON "t18"."account" = "t14"."account"
INNER JOIN (
  SELECT
    "t5"."account" AS "account",
    countIf("t5"."conversation" <> 0) AS "conversation_distinct",
    SUM(CASE WHEN "t5"."conversation" <> 0 THEN "t5"."times" * "t5"."times" ELSE 0 END) AS "conversation_square",
    MAX(CASE WHEN "t5"."conversation" <> 0 THEN "t5"."times" ELSE 0 END) AS "conversation_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."conversation" AS "conversation",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."conversation"
  ) AS "t5"
  GROUP BY
    "t5"."account"
) AS "t15"
  ON "t18"."account" = "t15"."account"
) AS "found";

-- all_sums
SELECT
  CAST("account" AS Int64) AS "account",
  CAST("exchanges" AS Int64) AS "exchanges",
  CAST("failed" AS Int64) AS "failed",
  CAST("openings" AS Int64) AS "openings",
  CAST("opened" AS Int64) AS "opened",
  CAST("turns" AS Int64) AS "turns",
  CAST("with_tools" AS Int64) AS "with_tools",
  CAST("tools" AS Int64) AS "tools",
  CAST("streamed" AS Int64) AS "streamed",
  CAST("continued" AS Int64) AS "continued",
  CAST("input_tokens" AS Int64) AS "input_tokens",
  CAST("output_tokens" AS Int64) AS "output_tokens",
  CAST("input_square" AS Int64) AS "input_square",
  CAST("output_square" AS Int64) AS "output_square",
  CAST("turn_most" AS Int64) AS "turn_most",
  CAST("input_most" AS Int64) AS "input_most",
  CAST("output_most" AS Int64) AS "output_most",
  CAST("last_us" AS Int64) AS "last_us",
  CAST("input_least" AS Int64) AS "input_least",
  CAST("output_least" AS Int64) AS "output_least",
  CAST("first_us" AS Int64) AS "first_us",
  CAST("hour_00" AS Int64) AS "hour_00",
  CAST("hour_01" AS Int64) AS "hour_01",
  CAST("hour_02" AS Int64) AS "hour_02",
  CAST("hour_03" AS Int64) AS "hour_03",
  CAST("hour_04" AS Int64) AS "hour_04",
  CAST("hour_05" AS Int64) AS "hour_05",
  CAST("hour_06" AS Int64) AS "hour_06",
  CAST("hour_07" AS Int64) AS "hour_07",
  CAST("hour_08" AS Int64) AS "hour_08",
  CAST("hour_09" AS Int64) AS "hour_09",
  CAST("hour_10" AS Int64) AS "hour_10",
  CAST("hour_11" AS Int64) AS "hour_11",
  CAST("hour_12" AS Int64) AS "hour_12",
  CAST("hour_13" AS Int64) AS "hour_13",
  CAST("hour_14" AS Int64) AS "hour_14",
  CAST("hour_15" AS Int64) AS "hour_15",
  CAST("hour_16" AS Int64) AS "hour_16",
  CAST("hour_17" AS Int64) AS "hour_17",
  CAST("hour_18" AS Int64) AS "hour_18",
  CAST("hour_19" AS Int64) AS "hour_19",
  CAST("hour_20" AS Int64) AS "hour_20",
  CAST("hour_21" AS Int64) AS "hour_21",
  CAST("hour_22" AS Int64) AS "hour_22",
  CAST("hour_23" AS Int64) AS "hour_23",
  CAST("gap_00001" AS Int64) AS "gap_00001",
  CAST("gap_00002" AS Int64) AS "gap_00002",
  CAST("gap_00005" AS Int64) AS "gap_00005",
  CAST("gap_00010" AS Int64) AS "gap_00010",
  CAST("gap_00020" AS Int64) AS "gap_00020",
  CAST("gap_00030" AS Int64) AS "gap_00030",
  CAST("gap_00060" AS Int64) AS "gap_00060",
  CAST("gap_00120" AS Int64) AS "gap_00120",
  CAST("gap_00300" AS Int64) AS "gap_00300",
  CAST("gap_00600" AS Int64) AS "gap_00600",
  CAST("gap_01800" AS Int64) AS "gap_01800",
  CAST("gap_03600" AS Int64) AS "gap_03600",
  CAST("gap_07200" AS Int64) AS "gap_07200",
  CAST("gap_21600" AS Int64) AS "gap_21600",
  CAST("gap_43200" AS Int64) AS "gap_43200",
  CAST("gap_86400" AS Int64) AS "gap_86400",
  CAST("days" AS Int64) AS "days",
  CAST("day_square" AS Int64) AS "day_square",
  CAST("day_most" AS Int64) AS "day_most",
  CAST("text_distinct" AS Int64) AS "text_distinct",
  CAST("text_square" AS Int64) AS "text_square",
  CAST("text_most" AS Int64) AS "text_most",
  CAST("address_distinct" AS Int64) AS "address_distinct",
  CAST("address_square" AS Int64) AS "address_square",
  CAST("address_most" AS Int64) AS "address_most",
  CAST("conversation_distinct" AS Int64) AS "conversation_distinct",
  CAST("conversation_square" AS Int64) AS "conversation_square",
  CAST("conversation_most" AS Int64) AS "conversation_most",
  CAST("hours_active" AS Int64) AS "hours_active",
  CAST("hour_most" AS Int64) AS "hour_most",
  CAST("client_distinct" AS Int64) AS "client_distinct",
  CAST("client_square" AS Int64) AS "client_square",
  CAST("client_most" AS Int64) AS "client_most",
  CAST("fingerprint_distinct" AS Int64) AS "fingerprint_distinct",
  CAST("fingerprint_square" AS Int64) AS "fingerprint_square",
  CAST("fingerprint_most" AS Int64) AS "fingerprint_most",
  CAST("setup_distinct" AS Int64) AS "setup_distinct",
  CAST("setup_square" AS Int64) AS "setup_square",
  CAST("setup_most" AS Int64) AS "setup_most",
  CAST("model_distinct" AS Int64) AS "model_distinct",
  CAST("model_square" AS Int64) AS "model_square",
  CAST("model_most" AS Int64) AS "model_most",
  CAST("endpoint_distinct" AS Int64) AS "endpoint_distinct",
  CAST("endpoint_square" AS Int64) AS "endpoint_square",
  CAST("endpoint_most" AS Int64) AS "endpoint_most",
  CAST("channel_distinct" AS Int64) AS "channel_distinct",
  CAST("channel_square" AS Int64) AS "channel_square",
  CAST("channel_most" AS Int64) AS "channel_most"
FROM (
SELECT
  "t39"."account" AS "account",
  "t39"."exchanges" AS "exchanges",
  "t39"."failed" AS "failed",
  "t39"."openings" AS "openings",
  "t39"."opened" AS "opened",
  "t39"."turns" AS "turns",
  "t39"."with_tools" AS "with_tools",
  "t39"."tools" AS "tools",
  "t39"."streamed" AS "streamed",
  "t39"."continued" AS "continued",
  "t39"."input_tokens" AS "input_tokens",
  "t39"."output_tokens" AS "output_tokens",
  "t39"."input_square" AS "input_square",
  "t39"."output_square" AS "output_square",
  "t39"."turn_most" AS "turn_most",
  "t39"."input_most" AS "input_most",
  "t39"."output_most" AS "output_most",
  "t39"."last_us" AS "last_us",
  "t39"."input_least" AS "input_least",
  "t39"."output_least" AS "output_least",
  "t39"."first_us" AS "first_us",
  "t39"."hour_00" AS "hour_00",
  "t39"."hour_01" AS "hour_01",
  "t39"."hour_02" AS "hour_02",
  "t39"."hour_03" AS "hour_03",
  "t39"."hour_04" AS "hour_04",
  "t39"."hour_05" AS "hour_05",
  "t39"."hour_06" AS "hour_06",
  "t39"."hour_07" AS "hour_07",
  "t39"."hour_08" AS "hour_08",
  "t39"."hour_09" AS "hour_09",
  "t39"."hour_10" AS "hour_10",
  "t39"."hour_11" AS "hour_11",
  "t39"."hour_12" AS "hour_12",
  "t39"."hour_13" AS "hour_13",
  "t39"."hour_14" AS "hour_14",
  "t39"."hour_15" AS "hour_15",
  "t39"."hour_16" AS "hour_16",
  "t39"."hour_17" AS "hour_17",
  "t39"."hour_18" AS "hour_18",
  "t39"."hour_19" AS "hour_19",
  "t39"."hour_20" AS "hour_20",
  "t39"."hour_21" AS "hour_21",
  "t39"."hour_22" AS "hour_22",
  "t39"."hour_23" AS "hour_23",
  "t40"."gap_00001" AS "gap_00001",
  "t40"."gap_00002" AS "gap_00002",
  "t40"."gap_00005" AS "gap_00005",
  "t40"."gap_00010" AS "gap_00010",
  "t40"."gap_00020" AS "gap_00020",
  "t40"."gap_00030" AS "gap_00030",
  "t40"."gap_00060" AS "gap_00060",
  "t40"."gap_00120" AS "gap_00120",
  "t40"."gap_00300" AS "gap_00300",
  "t40"."gap_00600" AS "gap_00600",
  "t40"."gap_01800" AS "gap_01800",
  "t40"."gap_03600" AS "gap_03600",
  "t40"."gap_07200" AS "gap_07200",
  "t40"."gap_21600" AS "gap_21600",
  "t40"."gap_43200" AS "gap_43200",
  "t40"."gap_86400" AS "gap_86400",
  "t18"."days" AS "days",
  "t18"."day_square" AS "day_square",
  "t18"."day_most" AS "day_most",
  "t28"."text_distinct" AS "text_distinct",
  "t28"."text_square" AS "text_square",
  "t28"."text_most" AS "text_most",
  "t29"."address_distinct" AS "address_distinct",
  "t29"."address_square" AS "address_square",
  "t29"."address_most" AS "address_most",
  "t30"."conversation_distinct" AS "conversation_distinct",
  "t30"."conversation_square" AS "conversation_square",
  "t30"."conversation_most" AS "conversation_most",
  "t16"."hours_active" AS "hours_active",
  "t16"."hour_most" AS "hour_most",
  "t31"."client_distinct" AS "client_distinct",
  "t31"."client_square" AS "client_square",
  "t31"."client_most" AS "client_most",
  "t32"."fingerprint_distinct" AS "fingerprint_distinct",
  "t32"."fingerprint_square" AS "fingerprint_square",
  "t32"."fingerprint_most" AS "fingerprint_most",
  "t33"."setup_distinct" AS "setup_distinct",
  "t33"."setup_square" AS "setup_square",
  "t33"."setup_most" AS "setup_most",
  "t34"."model_distinct" AS "model_distinct",
  "t34"."model_square" AS "model_square",
  "t34"."model_most" AS "model_most",
  "t35"."endpoint_distinct" AS "endpoint_distinct",
  "t35"."endpoint_square" AS "endpoint_square",
  "t35"."endpoint_most" AS "endpoint_most",
  "t36"."channel_distinct" AS "channel_distinct",
  "t36"."channel_square" AS "channel_square",
  "t36"."channel_most" AS "channel_most"
FROM (
  SELECT
    "t14"."account" AS "account",
    SUM("t14"."exchanges") AS "exchanges",
    SUM("t14"."failed") AS "failed",
    SUM("t14"."openings") AS "openings",
    SUM("t14"."opened") AS "opened",
    SUM("t14"."turns") AS "turns",
    SUM("t14"."with_tools") AS "with_tools",
    SUM("t14"."tools") AS "tools",
    SUM("t14"."streamed") AS "streamed",
    SUM("t14"."continued") AS "continued",
    SUM("t14"."input_tokens") AS "input_tokens",
    SUM("t14"."output_tokens") AS "output_tokens",
    SUM("t14"."input_square") AS "input_square",
    SUM("t14"."output_square") AS "output_square",
    MAX("t14"."turn_most") AS "turn_most",
    MAX("t14"."input_most") AS "input_most",
    MAX("t14"."output_most") AS "output_most",
    MAX("t14"."last_us") AS "last_us",
    MIN("t14"."input_least") AS "input_least",
    MIN("t14"."output_least") AS "output_least",
    MIN("t14"."first_us") AS "first_us",
    SUM(CASE WHEN "t14"."hour" = 0 THEN "t14"."exchanges" ELSE 0 END) AS "hour_00",
    SUM(CASE WHEN "t14"."hour" = 1 THEN "t14"."exchanges" ELSE 0 END) AS "hour_01",
    SUM(CASE WHEN "t14"."hour" = 2 THEN "t14"."exchanges" ELSE 0 END) AS "hour_02",
    SUM(CASE WHEN "t14"."hour" = 3 THEN "t14"."exchanges" ELSE 0 END) AS "hour_03",
    SUM(CASE WHEN "t14"."hour" = 4 THEN "t14"."exchanges" ELSE 0 END) AS "hour_04",
    SUM(CASE WHEN "t14"."hour" = 5 THEN "t14"."exchanges" ELSE 0 END) AS "hour_05",
    SUM(CASE WHEN "t14"."hour" = 6 THEN "t14"."exchanges" ELSE 0 END) AS "hour_06",
    SUM(CASE WHEN "t14"."hour" = 7 THEN "t14"."exchanges" ELSE 0 END) AS "hour_07",
    SUM(CASE WHEN "t14"."hour" = 8 THEN "t14"."exchanges" ELSE 0 END) AS "hour_08",
    SUM(CASE WHEN "t14"."hour" = 9 THEN "t14"."exchanges" ELSE 0 END) AS "hour_09",
    SUM(CASE WHEN "t14"."hour" = 10 THEN "t14"."exchanges" ELSE 0 END) AS "hour_10",
    SUM(CASE WHEN "t14"."hour" = 11 THEN "t14"."exchanges" ELSE 0 END) AS "hour_11",
    SUM(CASE WHEN "t14"."hour" = 12 THEN "t14"."exchanges" ELSE 0 END) AS "hour_12",
    SUM(CASE WHEN "t14"."hour" = 13 THEN "t14"."exchanges" ELSE 0 END) AS "hour_13",
    SUM(CASE WHEN "t14"."hour" = 14 THEN "t14"."exchanges" ELSE 0 END) AS "hour_14",
    SUM(CASE WHEN "t14"."hour" = 15 THEN "t14"."exchanges" ELSE 0 END) AS "hour_15",
    SUM(CASE WHEN "t14"."hour" = 16 THEN "t14"."exchanges" ELSE 0 END) AS "hour_16",
    SUM(CASE WHEN "t14"."hour" = 17 THEN "t14"."exchanges" ELSE 0 END) AS "hour_17",
    SUM(CASE WHEN "t14"."hour" = 18 THEN "t14"."exchanges" ELSE 0 END) AS "hour_18",
    SUM(CASE WHEN "t14"."hour" = 19 THEN "t14"."exchanges" ELSE 0 END) AS "hour_19",
    SUM(CASE WHEN "t14"."hour" = 20 THEN "t14"."exchanges" ELSE 0 END) AS "hour_20",
    SUM(CASE WHEN "t14"."hour" = 21 THEN "t14"."exchanges" ELSE 0 END) AS "hour_21",
    SUM(CASE WHEN "t14"."hour" = 22 THEN "t14"."exchanges" ELSE 0 END) AS "hour_22",
    SUM(CASE WHEN "t14"."hour" = 23 THEN "t14"."exchanges" ELSE 0 END) AS "hour_23"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."hour" AS "hour",
      COUNT(*) AS "exchanges",
      countIf("t0"."status" >= 400) AS "failed",
      countIf("t0"."turn" <= 1) AS "openings",
      countIf((
        "t0"."turn" <= 1
      ) AND (
        "t0"."status" < 400
      )) AS "opened",
      SUM("t0"."turn") AS "turns",
      countIf("t0"."n_tools" > 0) AS "with_tools",
      SUM("t0"."n_tools") AS "tools",
      SUM("t0"."stream") AS "streamed",
      countIf("t0"."context_in" <> 0) AS "continued",
      SUM("t0"."input_tokens") AS "input_tokens",
      SUM("t0"."output_tokens") AS "output_tokens",
      SUM(LEAST("t0"."input_tokens", 65535) * LEAST("t0"."input_tokens", 65535)) AS "input_square",
      SUM(LEAST("t0"."output_tokens", 65535) * LEAST("t0"."output_tokens", 65535)) AS "output_square",
      MAX("t0"."turn") AS "turn_most",
      MAX("t0"."input_tokens") AS "input_most",
      MAX("t0"."output_tokens") AS "output_most",
      MAX("t0"."ts_us") AS "last_us",
      MIN("t0"."input_tokens") AS "input_least",
      MIN("t0"."output_tokens") AS "output_least",
      MIN("t0"."ts_us") AS "first_us"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."hour"
  ) AS "t14"
  GROUP BY
    "t14"."account"
) AS "t39"
INNER JOIN (
  SELECT
    "t17"."account" AS "account",
    countIf("t17"."gap" <= 1000000) AS "gap_00001",
    countIf("t17"."gap" <= 2000000) AS "gap_00002",
    countIf("t17"."gap" <= 5000000) AS "gap_00005",
    countIf("t17"."gap" <= 10000000) AS "gap_00010",
    countIf("t17"."gap" <= 20000000) AS "gap_00020",
    countIf("t17"."gap" <= 30000000) AS "gap_00030",
    countIf("t17"."gap" <= 60000000) AS "gap_00060",
    countIf("t17"."gap" <= 120000000) AS "gap_00120",
    countIf("t17"."gap" <= 300000000) AS "gap_00300",
    countIf("t17"."gap" <= 600000000) AS "gap_00600",
    countIf("t17"."gap" <= 1800000000) AS "gap_01800",
    countIf("t17"."gap" <= 3600000000) AS "gap_03600",
    countIf("t17"."gap" <= 7200000000) AS "gap_07200",
    countIf("t17"."gap" <= 21600000000) AS "gap_21600",
    countIf("t17"."gap" <= 43200000000) AS "gap_43200",
    countIf("t17"."gap" <= 86400000000) AS "gap_86400"
  FROM (
    SELECT
      "t1"."account" AS "account",
      "t1"."ts_us" - lagInFrame("t1"."ts_us", 1, -2305843009213693952) OVER (
        PARTITION BY "t1"."account"
        ORDER BY "t1"."ts_us" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) AS "gap"
    FROM (
      SELECT
        "t0"."account" AS "account",
        "t0"."ts_us" AS "ts_us"
      FROM "canonical_rows" AS "t0"
    ) AS "t1"
  ) AS "t17"
  GROUP BY
    "t17"."account"
) AS "t40"
  ON "t39"."account" = "t40"."account"
INNER JOIN (
  SELECT
    "t2"."account" AS "account",
    COUNT(*) AS "days",
    SUM("t2"."times" * "t2"."times") AS "day_square",
    MAX("t2"."times") AS "day_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."day" AS "day",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."day"
  ) AS "t2"
  GROUP BY
    "t2"."account"
) AS "t18"
  ON "t39"."account" = "t18"."account"
INNER JOIN (
  SELECT
    "t3"."account" AS "account",
    countIf("t3"."text" <> 0) AS "text_distinct",
    SUM(CASE WHEN "t3"."text" <> 0 THEN "t3"."times" * "t3"."times" ELSE 0 END) AS "text_square",
    MAX(CASE WHEN "t3"."text" <> 0 THEN "t3"."times" ELSE 0 END) AS "text_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."text" AS "text",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."text"
  ) AS "t3"
  GROUP BY
    "t3"."account"
) AS "t28"
  ON "t39"."account" = "t28"."account"
INNER JOIN (
  SELECT
    "t4"."account" AS "account",
    countIf("t4"."address" <> 0) AS "address_distinct",
    SUM(CASE WHEN "t4"."address" <> 0 THEN "t4"."times" * "t4"."times" ELSE 0 END) AS "address_square",
    MAX(CASE WHEN "t4"."address" <> 0 THEN "t4"."times" ELSE 0 END) AS "address_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."address" AS "address",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."address"
  ) AS "t4"
  GROUP BY
    "t4"."account"
) AS "t29"
  ON "t39"."account" = "t29"."account"
INNER JOIN (
  SELECT
    "t5"."account" AS "account",
    countIf("t5"."conversation" <> 0) AS "conversation_distinct",
    SUM(CASE WHEN "t5"."conversation" <> 0 THEN "t5"."times" * "t5"."times" ELSE 0 END) AS "conversation_square",
    MAX(CASE WHEN "t5"."conversation" <> 0 THEN "t5"."times" ELSE 0 END) AS "conversation_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."conversation" AS "conversation",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."conversation"
  ) AS "t5"
  GROUP BY
    "t5"."account"
) AS "t30"
  ON "t39"."account" = "t30"."account"
INNER JOIN (
  SELECT
    "t6"."account" AS "account",
    COUNT(*) AS "hours_active",
    MAX("t6"."times") AS "hour_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."look" AS "look",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."look"
  ) AS "t6"
  GROUP BY
    "t6"."account"
) AS "t16"
  ON "t39"."account" = "t16"."account"
INNER JOIN (
  SELECT
    "t7"."account" AS "account",
    countIf("t7"."client" <> 0) AS "client_distinct",
    SUM(CASE WHEN "t7"."client" <> 0 THEN "t7"."times" * "t7"."times" ELSE 0 END) AS "client_square",
    MAX(CASE WHEN "t7"."client" <> 0 THEN "t7"."times" ELSE 0 END) AS "client_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."client" AS "client",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."client"
  ) AS "t7"
  GROUP BY
    "t7"."account"
) AS "t31"
  ON "t39"."account" = "t31"."account"
INNER JOIN (
  SELECT
    "t8"."account" AS "account",
    countIf("t8"."fingerprint" <> 0) AS "fingerprint_distinct",
    SUM(CASE WHEN "t8"."fingerprint" <> 0 THEN "t8"."times" * "t8"."times" ELSE 0 END) AS "fingerprint_square",
    MAX(CASE WHEN "t8"."fingerprint" <> 0 THEN "t8"."times" ELSE 0 END) AS "fingerprint_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."fingerprint" AS "fingerprint",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."fingerprint"
  ) AS "t8"
  GROUP BY
    "t8"."account"
) AS "t32"
  ON "t39"."account" = "t32"."account"
INNER JOIN (
  SELECT
    "t9"."account" AS "account",
    countIf("t9"."setup" <> 0) AS "setup_distinct",
    SUM(CASE WHEN "t9"."setup" <> 0 THEN "t9"."times" * "t9"."times" ELSE 0 END) AS "setup_square",
    MAX(CASE WHEN "t9"."setup" <> 0 THEN "t9"."times" ELSE 0 END) AS "setup_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."setup" AS "setup",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."setup"
  ) AS "t9"
  GROUP BY
    "t9"."account"
) AS "t33"
  ON "t39"."account" = "t33"."account"
INNER JOIN (
  SELECT
    "t10"."account" AS "account",
    countIf("t10"."model" <> 0) AS "model_distinct",
    SUM(CASE WHEN "t10"."model" <> 0 THEN "t10"."times" * "t10"."times" ELSE 0 END) AS "model_square",
    MAX(CASE WHEN "t10"."model" <> 0 THEN "t10"."times" ELSE 0 END) AS "model_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."model" AS "model",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."model"
  ) AS "t10"
  GROUP BY
    "t10"."account"
) AS "t34"
  ON "t39"."account" = "t34"."account"
INNER JOIN (
  SELECT
    "t11"."account" AS "account",
    countIf("t11"."endpoint" <> 0) AS "endpoint_distinct",
    SUM(CASE WHEN "t11"."endpoint" <> 0 THEN "t11"."times" * "t11"."times" ELSE 0 END) AS "endpoint_square",
    MAX(CASE WHEN "t11"."endpoint" <> 0 THEN "t11"."times" ELSE 0 END) AS "endpoint_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."endpoint" AS "endpoint",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."endpoint"
  ) AS "t11"
  GROUP BY
    "t11"."account"
) AS "t35"
  ON "t39"."account" = "t35"."account"
INNER JOIN (
  SELECT
    "t12"."account" AS "account",
    countIf("t12"."channel" <> 0) AS "channel_distinct",
    SUM(CASE WHEN "t12"."channel" <> 0 THEN "t12"."times" * "t12"."times" ELSE 0 END) AS "channel_square",
    MAX(CASE WHEN "t12"."channel" <> 0 THEN "t12"."times" ELSE 0 END) AS "channel_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."channel" AS "channel",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."channel"
  ) AS "t12"
  GROUP BY
    "t12"."account"
) AS "t36"
  ON "t39"."account" = "t36"."account"
) AS "found";

-- accounts_seen
SELECT
  CAST("account" AS Int64) AS "account",
  CAST("first_us" AS Int64) AS "first_us",
  CAST("first_exchange" AS Int64) AS "first_exchange",
  CAST("exchanges" AS Int64) AS "exchanges",
  CAST("with_text" AS Int64) AS "with_text"
FROM (
SELECT
  "t10"."account" AS "account",
  "t10"."first_us" AS "first_us",
  "t10"."first_exchange" AS "first_exchange",
  "t6"."exchanges" AS "exchanges",
  "t6"."with_text" AS "with_text"
FROM (
  SELECT
    "t8"."account" AS "account",
    MIN("t8"."first_us") AS "first_us",
    MIN("t8"."exchange") AS "first_exchange"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."account" AS "account",
        "t3"."ts_us" AS "ts_us",
        "t3"."exchange" AS "exchange",
        "t5"."first_us" AS "first_us"
      FROM (
        SELECT
          "t0"."account" AS "account",
          "t0"."ts_us" AS "ts_us",
          "t0"."exchange" AS "exchange"
        FROM "canonical_rows" AS "t0"
      ) AS "t3"
      INNER JOIN (
        SELECT
          "t0"."account" AS "account",
          MIN("t0"."ts_us") AS "first_us"
        FROM "canonical_rows" AS "t0"
        GROUP BY
          "t0"."account"
      ) AS "t5"
        ON "t3"."account" = "t5"."account"
    ) AS "t7"
    WHERE
      "t7"."ts_us" = "t7"."first_us"
  ) AS "t8"
  GROUP BY
    "t8"."account"
) AS "t10"
INNER JOIN (
  SELECT
    "t0"."account" AS "account",
    COUNT(*) AS "exchanges",
    countIf("t0"."text" <> 0) AS "with_text"
  FROM "canonical_rows" AS "t0"
  GROUP BY
    "t0"."account"
) AS "t6"
  ON "t10"."account" = "t6"."account"
) AS "found";

-- first_setups
SELECT
  CAST("setup" AS Int64) AS "setup",
  CAST("first_us" AS Int64) AS "first_us",
  CAST("first_exchange" AS Int64) AS "first_exchange"
FROM (
SELECT
  *
FROM (
  SELECT
    "t6"."setup" AS "setup",
    MIN("t6"."first_us") AS "first_us",
    MIN("t6"."exchange") AS "first_exchange"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."setup" AS "setup",
        "t3"."ts_us" AS "ts_us",
        "t3"."exchange" AS "exchange",
        "t4"."first_us" AS "first_us"
      FROM (
        SELECT
          "t0"."setup" AS "setup",
          "t0"."ts_us" AS "ts_us",
          "t0"."exchange" AS "exchange"
        FROM "canonical_rows" AS "t0"
      ) AS "t3"
      INNER JOIN (
        SELECT
          "t0"."setup" AS "setup",
          MIN("t0"."ts_us") AS "first_us"
        FROM "canonical_rows" AS "t0"
        GROUP BY
          "t0"."setup"
      ) AS "t4"
        ON "t3"."setup" = "t4"."setup"
    ) AS "t5"
    WHERE
      "t5"."ts_us" = "t5"."first_us"
  ) AS "t6"
  GROUP BY
    "t6"."setup"
) AS "t7"
ORDER BY
  "t7"."first_us" ASC,
  "t7"."first_exchange" ASC
LIMIT 96
) AS "found";

-- counted_openings
SELECT
  CAST("exchange" AS Int64) AS "exchange",
  CAST("ts_us" AS Int64) AS "ts_us",
  CAST("look" AS Int64) AS "look",
  CAST("day" AS Int64) AS "day",
  CAST("account" AS Int64) AS "account",
  CAST("party" AS Int64) AS "party",
  CAST("text" AS Int64) AS "text"
FROM (
SELECT
  "t17".*
  EXCEPT ("place")
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t15"."exchange" AS "exchange",
      "t15"."ts_us" AS "ts_us",
      "t15"."look" AS "look",
      "t15"."day" AS "day",
      "t15"."account" AS "account",
      "t15"."party" AS "party",
      "t15"."text" AS "text",
      ROW_NUMBER() OVER (
        PARTITION BY "t15"."party"
        ORDER BY "t15"."ts_us" ASC, "t15"."exchange" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) - 1 AS "place"
    FROM (
      SELECT
        "t14".*
        EXCEPT ("place")
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t12"."exchange" AS "exchange",
            "t12"."ts_us" AS "ts_us",
            "t12"."look" AS "look",
            "t12"."day" AS "day",
            "t12"."account" AS "account",
            "t12"."party" AS "party",
            "t12"."text" AS "text",
            ROW_NUMBER() OVER (
              PARTITION BY "t12"."party", "t12"."day"
              ORDER BY "t12"."ts_us" ASC, "t12"."exchange" ASC
              ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) - 1 AS "place"
          FROM (
            SELECT
              "t11".*
              EXCEPT ("place")
            FROM (
              SELECT
                *
              FROM (
                SELECT
                  "t9"."exchange" AS "exchange",
                  "t9"."ts_us" AS "ts_us",
                  "t9"."look" AS "look",
                  "t9"."day" AS "day",
                  "t9"."account" AS "account",
                  "t9"."party" AS "party",
                  "t9"."text" AS "text",
                  ROW_NUMBER() OVER (
                    PARTITION BY "t9"."text"
                    ORDER BY "t9"."ts_us" ASC, "t9"."exchange" ASC
                    ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                  ) - 1 AS "place"
                FROM (
                  SELECT
                    "t8".*
                    EXCEPT ("place")
                  FROM (
                    SELECT
                      *
                    FROM (
                      SELECT
                        "t6"."exchange" AS "exchange",
                        "t6"."ts_us" AS "ts_us",
                        "t6"."look" AS "look",
                        "t6"."day" AS "day",
                        "t6"."account" AS "account",
                        "t6"."party" AS "party",
                        "t6"."text" AS "text",
                        ROW_NUMBER() OVER (
                          PARTITION BY "t6"."text", "t6"."party"
                          ORDER BY "t6"."ts_us" ASC, "t6"."exchange" ASC
                          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
                        ) - 1 AS "place"
                      FROM (
                        SELECT
                          "t5"."exchange" AS "exchange",
                          "t5"."ts_us" AS "ts_us",
                          "t5"."look" AS "look",
                          "t5"."day" AS "day",
                          "t5"."account" AS "account",
                          "t5"."party" AS "party",
                          "t5"."text" AS "text"
                        FROM (
                          SELECT
                            "t4"."exchange" AS "exchange",
                            "t4"."ts_us" AS "ts_us",
                            "t4"."look" AS "look",
                            "t4"."day" AS "day",
                            "t4"."account" AS "account",
                            "t4"."text" AS "text",
                            "t2"."party" AS "party"
                          FROM (
                            SELECT
                              *
                            FROM "canonical_rows" AS "t0"
                            WHERE
                              "t0"."turn" <= 1 AND "t0"."status" < 400
                          ) AS "t4"
                          INNER JOIN "account_parties" AS "t2"
                            ON "t4"."account" = "t2"."account"
                        ) AS "t5"
                        WHERE
                          "t5"."text" <> 0
                      ) AS "t6"
                    ) AS "t7"
                    WHERE
                      "t7"."place" < 1
                  ) AS "t8"
                ) AS "t9"
              ) AS "t10"
              WHERE
                "t10"."place" < 3
            ) AS "t11"
          ) AS "t12"
        ) AS "t13"
        WHERE
          "t13"."place" < 32
      ) AS "t14"
    ) AS "t15"
  ) AS "t16"
  WHERE
    "t16"."place" < 64
) AS "t17"
) AS "found";

-- counted_openings_without_text
SELECT
  CAST("exchange" AS Int64) AS "exchange",
  CAST("ts_us" AS Int64) AS "ts_us",
  CAST("look" AS Int64) AS "look",
  CAST("day" AS Int64) AS "day",
  CAST("account" AS Int64) AS "account",
  CAST("party" AS Int64) AS "party",
  CAST("text" AS Int64) AS "text"
FROM (
SELECT
  "t11".*
  EXCEPT ("place")
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t9"."exchange" AS "exchange",
      "t9"."ts_us" AS "ts_us",
      "t9"."look" AS "look",
      "t9"."day" AS "day",
      "t9"."account" AS "account",
      "t9"."party" AS "party",
      "t9"."text" AS "text",
      ROW_NUMBER() OVER (
        PARTITION BY "t9"."party"
        ORDER BY "t9"."ts_us" ASC, "t9"."exchange" ASC
        ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
      ) - 1 AS "place"
    FROM (
      SELECT
        "t8".*
        EXCEPT ("place")
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t6"."exchange" AS "exchange",
            "t6"."ts_us" AS "ts_us",
            "t6"."look" AS "look",
            "t6"."day" AS "day",
            "t6"."account" AS "account",
            "t6"."party" AS "party",
            "t6"."text" AS "text",
            ROW_NUMBER() OVER (
              PARTITION BY "t6"."party", "t6"."day"
              ORDER BY "t6"."ts_us" ASC, "t6"."exchange" ASC
              ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
            ) - 1 AS "place"
          FROM (
            SELECT
              "t5"."exchange" AS "exchange",
              "t5"."ts_us" AS "ts_us",
              "t5"."look" AS "look",
              "t5"."day" AS "day",
              "t5"."account" AS "account",
              "t5"."party" AS "party",
              "t5"."text" AS "text"
            FROM (
              SELECT
                "t4"."exchange" AS "exchange",
                "t4"."ts_us" AS "ts_us",
                "t4"."look" AS "look",
                "t4"."day" AS "day",
                "t4"."account" AS "account",
                "t4"."text" AS "text",
                "t2"."party" AS "party"
              FROM (
                SELECT
                  *
                FROM "canonical_rows" AS "t0"
                WHERE
                  "t0"."turn" <= 1 AND "t0"."status" < 400
              ) AS "t4"
              INNER JOIN "account_parties" AS "t2"
                ON "t4"."account" = "t2"."account"
            ) AS "t5"
          ) AS "t6"
        ) AS "t7"
        WHERE
          "t7"."place" < 32
      ) AS "t8"
    ) AS "t9"
  ) AS "t10"
  WHERE
    "t10"."place" < 64
) AS "t11"
) AS "found";

-- first_texts
SELECT
  CAST("party" AS Int64) AS "party",
  CAST("text" AS Int64) AS "text",
  CAST("since" AS Int64) AS "since"
FROM (
SELECT
  "t6"."party" AS "party",
  "t6"."text" AS "text",
  MIN("t6"."ts_us") AS "since"
FROM (
  SELECT
    "t5"."exchange" AS "exchange",
    "t5"."ts_us" AS "ts_us",
    "t5"."look" AS "look",
    "t5"."day" AS "day",
    "t5"."account" AS "account",
    "t5"."party" AS "party",
    "t5"."text" AS "text"
  FROM (
    SELECT
      "t4"."exchange" AS "exchange",
      "t4"."ts_us" AS "ts_us",
      "t4"."look" AS "look",
      "t4"."day" AS "day",
      "t4"."account" AS "account",
      "t4"."text" AS "text",
      "t2"."party" AS "party"
    FROM (
      SELECT
        *
      FROM "canonical_rows" AS "t0"
      WHERE
        "t0"."turn" <= 1 AND "t0"."status" < 400
    ) AS "t4"
    INNER JOIN "account_parties" AS "t2"
      ON "t4"."account" = "t2"."account"
  ) AS "t5"
  WHERE
    "t5"."text" <> 0
) AS "t6"
GROUP BY
  "t6"."party",
  "t6"."text"
) AS "found";

-- first_shown_address
SELECT
  CAST("party" AS Int64) AS "party",
  CAST("value" AS Int64) AS "value",
  CAST("since" AS Int64) AS "since"
FROM (
SELECT
  "t5"."party" AS "party",
  "t5"."address" AS "value",
  MIN("t5"."ts_us") AS "since"
FROM (
  SELECT
    "t4"."address" AS "address",
    "t4"."ts_us" AS "ts_us",
    "t2"."party" AS "party"
  FROM (
    SELECT
      *
    FROM "canonical_rows" AS "t0"
    WHERE
      "t0"."address" <> 0
  ) AS "t4"
  INNER JOIN "account_parties" AS "t2"
    ON "t4"."account" = "t2"."account"
) AS "t5"
GROUP BY
  "t5"."party",
  "t5"."address"
) AS "found";

-- first_shown_fingerprint
SELECT
  CAST("party" AS Int64) AS "party",
  CAST("value" AS Int64) AS "value",
  CAST("since" AS Int64) AS "since"
FROM (
SELECT
  "t5"."party" AS "party",
  "t5"."fingerprint" AS "value",
  MIN("t5"."ts_us") AS "since"
FROM (
  SELECT
    "t4"."fingerprint" AS "fingerprint",
    "t4"."ts_us" AS "ts_us",
    "t2"."party" AS "party"
  FROM (
    SELECT
      *
    FROM "canonical_rows" AS "t0"
    WHERE
      "t0"."fingerprint" <> 0
  ) AS "t4"
  INNER JOIN "account_parties" AS "t2"
    ON "t4"."account" = "t2"."account"
) AS "t5"
GROUP BY
  "t5"."party",
  "t5"."fingerprint"
) AS "found";

-- shared_addresses
SELECT
  CAST("party" AS Int64) AS "party",
  CAST("value" AS Int64) AS "value",
  CAST("since" AS Int64) AS "since"
FROM (
WITH "t6" AS (
  SELECT
    "t5"."party" AS "party",
    "t5"."address" AS "value",
    MIN("t5"."ts_us") AS "since"
  FROM (
    SELECT
      "t4"."address" AS "address",
      "t4"."ts_us" AS "ts_us",
      "t2"."party" AS "party"
    FROM (
      SELECT
        *
      FROM "canonical_rows" AS "t0"
      WHERE
        "t0"."address" <> 0
    ) AS "t4"
    INNER JOIN "account_parties" AS "t2"
      ON "t4"."account" = "t2"."account"
  ) AS "t5"
  GROUP BY
    "t5"."party",
    "t5"."address"
)
SELECT
  "t11"."party" AS "party",
  "t11"."value" AS "value",
  "t11"."since" AS "since"
FROM (
  SELECT
    "t8"."party" AS "party",
    "t8"."value" AS "value",
    "t8"."since" AS "since",
    "t10"."users" AS "users"
  FROM "t6" AS "t8"
  INNER JOIN (
    SELECT
      "t7"."value" AS "value",
      COUNT(*) AS "users"
    FROM "t6" AS "t7"
    GROUP BY
      "t7"."value"
  ) AS "t10"
    ON "t8"."value" = "t10"."value"
) AS "t11"
WHERE
  "t11"."users" >= 2
) AS "found";

-- handoffs
SELECT
  CAST("party" AS Int64) AS "party",
  CAST("value" AS Int64) AS "value",
  CAST("since" AS Int64) AS "since"
FROM (
WITH "t11" AS (
  SELECT
    "t5"."context_in" AS "context_in",
    "t5"."ts_us" AS "ts_us",
    "t2"."party" AS "party",
    "t10"."context_out" AS "context_out",
    "t10"."owner" AS "owner",
    "t10"."made_us" AS "made_us",
    "t10"."second_us" AS "second_us"
  FROM (
    SELECT
      *
    FROM "canonical_rows" AS "t0"
    WHERE
      "t0"."context_in" <> 0
  ) AS "t5"
  INNER JOIN "account_parties" AS "t2"
    ON "t5"."account" = "t2"."account"
  INNER JOIN (
    SELECT
      "t8"."context_out" AS "context_out",
      MIN("t8"."owner") AS "owner",
      MIN("t8"."ts_us") AS "made_us",
      MIN(
        CASE
          WHEN "t8"."party" <> "t8"."owner"
          THEN "t8"."ts_us"
          ELSE 4611686018427387903
        END
      ) AS "second_us"
    FROM (
      SELECT
        "t7"."context_out" AS "context_out",
        "t7"."ts_us" AS "ts_us",
        "t7"."exchange" AS "exchange",
        "t7"."party" AS "party",
        FIRST_VALUE("t7"."party") OVER (
          PARTITION BY "t7"."context_out"
          ORDER BY "t7"."ts_us" ASC, "t7"."exchange" ASC
          ROWS BETWEEN UNBOUNDED PRECEDING AND UNBOUNDED FOLLOWING
        ) AS "owner"
      FROM (
        SELECT
          "t6"."context_out" AS "context_out",
          "t6"."ts_us" AS "ts_us",
          "t6"."exchange" AS "exchange",
          "t2"."party" AS "party"
        FROM (
          SELECT
            *
          FROM "canonical_rows" AS "t0"
          WHERE
            "t0"."context_out" <> 0
        ) AS "t6"
        INNER JOIN "account_parties" AS "t2"
          ON "t6"."account" = "t2"."account"
      ) AS "t7"
    ) AS "t8"
    GROUP BY
      "t8"."context_out"
  ) AS "t10"
    ON "t5"."context_in" = "t10"."context_out"
)
SELECT
  "t15"."party" AS "party",
  "t15"."value" AS "value",
  MIN("t15"."ts_us") AS "since"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t12"."ts_us" AS "ts_us",
      "t12"."owner" AS "party",
      "t12"."context_in" AS "value"
    FROM "t11" AS "t12"
    WHERE
      "t12"."owner" <> "t12"."party"
      AND "t12"."made_us" < "t12"."ts_us"
      AND "t12"."second_us" > "t12"."ts_us"
  ) AS "t13"
  UNION ALL
  SELECT
    *
  FROM (
    SELECT
      "t12"."ts_us" AS "ts_us",
      "t12"."party" AS "party",
      "t12"."context_in" AS "value"
    FROM "t11" AS "t12"
    WHERE
      "t12"."owner" <> "t12"."party"
      AND "t12"."made_us" < "t12"."ts_us"
      AND "t12"."second_us" > "t12"."ts_us"
  ) AS "t14"
) AS "t15"
GROUP BY
  "t15"."party",
  "t15"."value"
) AS "found";

-- activity
SELECT
  CAST("party" AS Int64) AS "party",
  CAST("look" AS Int64) AS "look",
  CAST("setup" AS Int64) AS "setup",
  CAST("exchanges" AS Int64) AS "exchanges",
  CAST("continued" AS Int64) AS "continued"
FROM (
SELECT
  "t4"."party" AS "party",
  "t4"."look" AS "look",
  "t4"."setup" AS "setup",
  COUNT(*) AS "exchanges",
  countIf("t4"."context_in" <> 0) AS "continued"
FROM (
  SELECT
    "t2"."look" AS "look",
    "t2"."setup" AS "setup",
    "t2"."context_in" AS "context_in",
    "t3"."party" AS "party"
  FROM "canonical_rows" AS "t2"
  INNER JOIN "account_parties" AS "t3"
    ON "t2"."account" = "t3"."account"
) AS "t4"
GROUP BY
  "t4"."party",
  "t4"."look",
  "t4"."setup"
) AS "found";

-- vector_sums_of_two_columns
SELECT
  CAST("party" AS Int64) AS "party",
  CAST("openings" AS Int64) AS "openings",
  CAST("content_00" AS Int64) AS "content_00",
  CAST("content_01" AS Int64) AS "content_01"
FROM (
SELECT
  "t4"."party" AS "party",
  COUNT(*) AS "openings",
  SUM("t4"."content_00") AS "content_00",
  SUM("t4"."content_01") AS "content_01"
FROM (
  SELECT
    "t2"."party" AS "party",
    "t2"."look" AS "look",
    "t3"."content_00" AS "content_00",
    "t3"."content_01" AS "content_01"
  FROM "counted_openings" AS "t2"
  INNER JOIN "text_vectors" AS "t3"
    ON "t2"."text" = "t3"."text"
) AS "t4"
GROUP BY
  "t4"."party"
) AS "found";

-- vector_sums_by_look
SELECT
  CAST("party" AS Int64) AS "party",
  CAST("look" AS Int64) AS "look",
  CAST("openings" AS Int64) AS "openings",
  CAST("content_00" AS Int64) AS "content_00",
  CAST("content_01" AS Int64) AS "content_01"
FROM (
SELECT
  "t4"."party" AS "party",
  "t4"."look" AS "look",
  COUNT(*) AS "openings",
  SUM("t4"."content_00") AS "content_00",
  SUM("t4"."content_01") AS "content_01"
FROM (
  SELECT
    "t2"."party" AS "party",
    "t2"."look" AS "look",
    "t3"."content_00" AS "content_00",
    "t3"."content_01" AS "content_01"
  FROM "counted_openings" AS "t2"
  INNER JOIN "text_vectors" AS "t3"
    ON "t2"."text" = "t3"."text"
) AS "t4"
GROUP BY
  "t4"."party",
  "t4"."look"
) AS "found";
