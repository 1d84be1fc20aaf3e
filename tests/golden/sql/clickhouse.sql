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
  "t15"."account" AS "account",
  "t15"."exchanges" AS "exchanges",
  "t15"."failed" AS "failed",
  "t15"."openings" AS "openings",
  "t15"."opened" AS "opened",
  "t15"."turns" AS "turns",
  "t15"."with_tools" AS "with_tools",
  "t15"."tools" AS "tools",
  "t15"."streamed" AS "streamed",
  "t15"."continued" AS "continued",
  "t15"."input_tokens" AS "input_tokens",
  "t15"."output_tokens" AS "output_tokens",
  "t15"."input_square" AS "input_square",
  "t15"."output_square" AS "output_square",
  "t15"."turn_most" AS "turn_most",
  "t15"."input_most" AS "input_most",
  "t15"."output_most" AS "output_most",
  "t15"."last_us" AS "last_us",
  "t15"."input_least" AS "input_least",
  "t15"."output_least" AS "output_least",
  "t15"."first_us" AS "first_us",
  "t16"."hour_00" AS "hour_00",
  "t16"."hour_01" AS "hour_01",
  "t16"."hour_02" AS "hour_02",
  "t16"."hour_03" AS "hour_03",
  "t16"."hour_04" AS "hour_04",
  "t16"."hour_05" AS "hour_05",
  "t16"."hour_06" AS "hour_06",
  "t16"."hour_07" AS "hour_07",
  "t16"."hour_08" AS "hour_08",
  "t16"."hour_09" AS "hour_09",
  "t16"."hour_10" AS "hour_10",
  "t16"."hour_11" AS "hour_11",
  "t16"."hour_12" AS "hour_12",
  "t16"."hour_13" AS "hour_13",
  "t16"."hour_14" AS "hour_14",
  "t16"."hour_15" AS "hour_15",
  "t16"."hour_16" AS "hour_16",
  "t16"."hour_17" AS "hour_17",
  "t16"."hour_18" AS "hour_18",
  "t16"."hour_19" AS "hour_19",
  "t16"."hour_20" AS "hour_20",
  "t16"."hour_21" AS "hour_21",
  "t16"."hour_22" AS "hour_22",
  "t16"."hour_23" AS "hour_23",
  "t21"."gap_00001" AS "gap_00001",
  "t21"."gap_00002" AS "gap_00002",
  "t21"."gap_00005" AS "gap_00005",
  "t21"."gap_00010" AS "gap_00010",
  "t21"."gap_00020" AS "gap_00020",
  "t21"."gap_00030" AS "gap_00030",
  "t21"."gap_00060" AS "gap_00060",
  "t21"."gap_00120" AS "gap_00120",
  "t21"."gap_00300" AS "gap_00300",
  "t21"."gap_00600" AS "gap_00600",
  "t21"."gap_01800" AS "gap_01800",
  "t21"."gap_03600" AS "gap_03600",
  "t21"."gap_07200" AS "gap_07200",
  "t21"."gap_21600" AS "gap_21600",
  "t21"."gap_43200" AS "gap_43200",
  "t21"."gap_86400" AS "gap_86400",
  "t11"."days" AS "days",
  "t11"."day_square" AS "day_square",
  "t11"."day_most" AS "day_most",
  "t17"."text_distinct" AS "text_distinct",
  "t17"."text_square" AS "text_square",
  "t17"."text_most" AS "text_most",
  "t18"."address_distinct" AS "address_distinct",
  "t18"."address_square" AS "address_square",
  "t18"."address_most" AS "address_most",
  "t19"."conversation_distinct" AS "conversation_distinct",
  "t19"."conversation_square" AS "conversation_square",
  "t19"."conversation_most" AS "conversation_most"
FROM (
  SELECT
    "t0"."account" AS "account",
    COUNT(*) AS "exchanges",
    SUM(CASE WHEN "t0"."status" >= 400 THEN 1 ELSE 0 END) AS "failed",
    SUM(CASE WHEN "t0"."turn" <= 1 THEN 1 ELSE 0 END) AS "openings",
    SUM(CASE WHEN (
      "t0"."turn" <= 1
    ) AND (
      "t0"."status" < 400
    ) THEN 1 ELSE 0 END) AS "opened",
    SUM("t0"."turn") AS "turns",
    SUM(CASE WHEN "t0"."n_tools" > 0 THEN 1 ELSE 0 END) AS "with_tools",
    SUM("t0"."n_tools") AS "tools",
    SUM("t0"."stream") AS "streamed",
    SUM(CASE WHEN "t0"."context_in" <> 0 THEN 1 ELSE 0 END) AS "continued",
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
    "t0"."account"
) AS "t15"
INNER JOIN (
  SELECT
    "t2"."account" AS "account",
    SUM(CASE WHEN "t2"."hour" = 0 THEN "t2"."times" ELSE 0 END) AS "hour_00",
    SUM(CASE WHEN "t2"."hour" = 1 THEN "t2"."times" ELSE 0 END) AS "hour_01",
    SUM(CASE WHEN "t2"."hour" = 2 THEN "t2"."times" ELSE 0 END) AS "hour_02",
    SUM(CASE WHEN "t2"."hour" = 3 THEN "t2"."times" ELSE 0 END) AS "hour_03",
    SUM(CASE WHEN "t2"."hour" = 4 THEN "t2"."times" ELSE 0 END) AS "hour_04",
    SUM(CASE WHEN "t2"."hour" = 5 THEN "t2"."times" ELSE 0 END) AS "hour_05",
    SUM(CASE WHEN "t2"."hour" = 6 THEN "t2"."times" ELSE 0 END) AS "hour_06",
    SUM(CASE WHEN "t2"."hour" = 7 THEN "t2"."times" ELSE 0 END) AS "hour_07",
    SUM(CASE WHEN "t2"."hour" = 8 THEN "t2"."times" ELSE 0 END) AS "hour_08",
    SUM(CASE WHEN "t2"."hour" = 9 THEN "t2"."times" ELSE 0 END) AS "hour_09",
    SUM(CASE WHEN "t2"."hour" = 10 THEN "t2"."times" ELSE 0 END) AS "hour_10",
    SUM(CASE WHEN "t2"."hour" = 11 THEN "t2"."times" ELSE 0 END) AS "hour_11",
    SUM(CASE WHEN "t2"."hour" = 12 THEN "t2"."times" ELSE 0 END) AS "hour_12",
    SUM(CASE WHEN "t2"."hour" = 13 THEN "t2"."times" ELSE 0 END) AS "hour_13",
    SUM(CASE WHEN "t2"."hour" = 14 THEN "t2"."times" ELSE 0 END) AS "hour_14",
    SUM(CASE WHEN "t2"."hour" = 15 THEN "t2"."times" ELSE 0 END) AS "hour_15",
    SUM(CASE WHEN "t2"."hour" = 16 THEN "t2"."times" ELSE 0 END) AS "hour_16",
    SUM(CASE WHEN "t2"."hour" = 17 THEN "t2"."times" ELSE 0 END) AS "hour_17",
    SUM(CASE WHEN "t2"."hour" = 18 THEN "t2"."times" ELSE 0 END) AS "hour_18",
    SUM(CASE WHEN "t2"."hour" = 19 THEN "t2"."times" ELSE 0 END) AS "hour_19",
    SUM(CASE WHEN "t2"."hour" = 20 THEN "t2"."times" ELSE 0 END) AS "hour_20",
    SUM(CASE WHEN "t2"."hour" = 21 THEN "t2"."times" ELSE 0 END) AS "hour_21",
    SUM(CASE WHEN "t2"."hour" = 22 THEN "t2"."times" ELSE 0 END) AS "hour_22",
    SUM(CASE WHEN "t2"."hour" = 23 THEN "t2"."times" ELSE 0 END) AS "hour_23"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."hour" AS "hour",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."hour"
  ) AS "t2"
  GROUP BY
    "t2"."account"
) AS "t16"
  ON "t15"."account" = "t16"."account"
INNER JOIN (
  SELECT
    "t9"."account" AS "account",
    SUM(CASE WHEN "t9"."gap" <= 1000000 THEN 1 ELSE 0 END) AS "gap_00001",
    SUM(CASE WHEN "t9"."gap" <= 2000000 THEN 1 ELSE 0 END) AS "gap_00002",
    SUM(CASE WHEN "t9"."gap" <= 5000000 THEN 1 ELSE 0 END) AS "gap_00005",
    SUM(CASE WHEN "t9"."gap" <= 10000000 THEN 1 ELSE 0 END) AS "gap_00010",
    SUM(CASE WHEN "t9"."gap" <= 20000000 THEN 1 ELSE 0 END) AS "gap_00020",
    SUM(CASE WHEN "t9"."gap" <= 30000000 THEN 1 ELSE 0 END) AS "gap_00030",
    SUM(CASE WHEN "t9"."gap" <= 60000000 THEN 1 ELSE 0 END) AS "gap_00060",
    SUM(CASE WHEN "t9"."gap" <= 120000000 THEN 1 ELSE 0 END) AS "gap_00120",
    SUM(CASE WHEN "t9"."gap" <= 300000000 THEN 1 ELSE 0 END) AS "gap_00300",
    SUM(CASE WHEN "t9"."gap" <= 600000000 THEN 1 ELSE 0 END) AS "gap_00600",
    SUM(CASE WHEN "t9"."gap" <= 1800000000 THEN 1 ELSE 0 END) AS "gap_01800",
    SUM(CASE WHEN "t9"."gap" <= 3600000000 THEN 1 ELSE 0 END) AS "gap_03600",
    SUM(CASE WHEN "t9"."gap" <= 7200000000 THEN 1 ELSE 0 END) AS "gap_07200",
    SUM(CASE WHEN "t9"."gap" <= 21600000000 THEN 1 ELSE 0 END) AS "gap_21600",
    SUM(CASE WHEN "t9"."gap" <= 43200000000 THEN 1 ELSE 0 END) AS "gap_43200",
    SUM(CASE WHEN "t9"."gap" <= 86400000000 THEN 1 ELSE 0 END) AS "gap_86400"
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
  ) AS "t9"
  GROUP BY
    "t9"."account"
) AS "t21"
  ON "t15"."account" = "t21"."account"
INNER JOIN (
  SELECT
    "t3"."account" AS "account",
    COUNT(*) AS "days",
    SUM("t3"."times" * "t3"."times") AS "day_square",
    MAX("t3"."times") AS "day_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."day" AS "day",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."day"
  ) AS "t3"
  GROUP BY
    "t3"."account"
) AS "t11"
  ON "t15"."account" = "t11"."account"
INNER JOIN (
  SELECT
    "t4"."account" AS "account",
    SUM(CASE WHEN "t4"."text" <> 0 THEN 1 ELSE 0 END) AS "text_distinct",
    SUM(CASE WHEN "t4"."text" <> 0 THEN "t4"."times" * "t4"."times" ELSE 0 END) AS "text_square",
    MAX(CASE WHEN "t4"."text" <> 0 THEN "t4"."times" ELSE 0 END) AS "text_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."text" AS "text",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."text"
  ) AS "t4"
  GROUP BY
    "t4"."account"
) AS "t17"
  ON "t15"."account" = "t17"."account"
INNER JOIN (
  SELECT
    "t5"."account" AS "account",
    SUM(CASE WHEN "t5"."address" <> 0 THEN 1 ELSE 0 END) AS "address_distinct",
    SUM(CASE WHEN "t5"."address" <> 0 THEN "t5"."times" * "t5"."times" ELSE 0 END) AS "address_square",
    MAX(CASE WHEN "t5"."address" <> 0 THEN "t5"."times" ELSE 0 END) AS "address_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."address" AS "address",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."address"
  ) AS "t5"
  GROUP BY
    "t5"."account"
) AS "t18"
  ON "t15"."account" = "t18"."account"
INNER JOIN (
  SELECT
    "t6"."account" AS "account",
    SUM(CASE WHEN "t6"."conversation" <> 0 THEN 1 ELSE 0 END) AS "conversation_distinct",
    SUM(CASE WHEN "t6"."conversation" <> 0 THEN "t6"."times" * "t6"."times" ELSE 0 END) AS "conversation_square",
    MAX(CASE WHEN "t6"."conversation" <> 0 THEN "t6"."times" ELSE 0 END) AS "conversation_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."conversation" AS "conversation",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."conversation"
  ) AS "t6"
  GROUP BY
    "t6"."account"
) AS "t19"
  ON "t15"."account" = "t19"."account"
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
  "t30"."account" AS "account",
  "t30"."exchanges" AS "exchanges",
  "t30"."failed" AS "failed",
  "t30"."openings" AS "openings",
  "t30"."opened" AS "opened",
  "t30"."turns" AS "turns",
  "t30"."with_tools" AS "with_tools",
  "t30"."tools" AS "tools",
  "t30"."streamed" AS "streamed",
  "t30"."continued" AS "continued",
  "t30"."input_tokens" AS "input_tokens",
  "t30"."output_tokens" AS "output_tokens",
  "t30"."input_square" AS "input_square",
  "t30"."output_square" AS "output_square",
  "t30"."turn_most" AS "turn_most",
  "t30"."input_most" AS "input_most",
  "t30"."output_most" AS "output_most",
  "t30"."last_us" AS "last_us",
  "t30"."input_least" AS "input_least",
  "t30"."output_least" AS "output_least",
  "t30"."first_us" AS "first_us",
  "t31"."hour_00" AS "hour_00",
  "t31"."hour_01" AS "hour_01",
  "t31"."hour_02" AS "hour_02",
  "t31"."hour_03" AS "hour_03",
  "t31"."hour_04" AS "hour_04",
  "t31"."hour_05" AS "hour_05",
  "t31"."hour_06" AS "hour_06",
  "t31"."hour_07" AS "hour_07",
  "t31"."hour_08" AS "hour_08",
  "t31"."hour_09" AS "hour_09",
  "t31"."hour_10" AS "hour_10",
  "t31"."hour_11" AS "hour_11",
  "t31"."hour_12" AS "hour_12",
  "t31"."hour_13" AS "hour_13",
  "t31"."hour_14" AS "hour_14",
  "t31"."hour_15" AS "hour_15",
  "t31"."hour_16" AS "hour_16",
  "t31"."hour_17" AS "hour_17",
  "t31"."hour_18" AS "hour_18",
  "t31"."hour_19" AS "hour_19",
  "t31"."hour_20" AS "hour_20",
  "t31"."hour_21" AS "hour_21",
  "t31"."hour_22" AS "hour_22",
  "t31"."hour_23" AS "hour_23",
  "t42"."gap_00001" AS "gap_00001",
  "t42"."gap_00002" AS "gap_00002",
  "t42"."gap_00005" AS "gap_00005",
  "t42"."gap_00010" AS "gap_00010",
  "t42"."gap_00020" AS "gap_00020",
  "t42"."gap_00030" AS "gap_00030",
  "t42"."gap_00060" AS "gap_00060",
  "t42"."gap_00120" AS "gap_00120",
  "t42"."gap_00300" AS "gap_00300",
  "t42"."gap_00600" AS "gap_00600",
  "t42"."gap_01800" AS "gap_01800",
  "t42"."gap_03600" AS "gap_03600",
  "t42"."gap_07200" AS "gap_07200",
  "t42"."gap_21600" AS "gap_21600",
  "t42"."gap_43200" AS "gap_43200",
  "t42"."gap_86400" AS "gap_86400",
  "t20"."days" AS "days",
  "t20"."day_square" AS "day_square",
  "t20"."day_most" AS "day_most",
  "t32"."text_distinct" AS "text_distinct",
  "t32"."text_square" AS "text_square",
  "t32"."text_most" AS "text_most",
  "t33"."address_distinct" AS "address_distinct",
  "t33"."address_square" AS "address_square",
  "t33"."address_most" AS "address_most",
  "t34"."conversation_distinct" AS "conversation_distinct",
  "t34"."conversation_square" AS "conversation_square",
  "t34"."conversation_most" AS "conversation_most",
  "t16"."hours_active" AS "hours_active",
  "t16"."hour_most" AS "hour_most",
  "t35"."client_distinct" AS "client_distinct",
  "t35"."client_square" AS "client_square",
  "t35"."client_most" AS "client_most",
  "t36"."fingerprint_distinct" AS "fingerprint_distinct",
  "t36"."fingerprint_square" AS "fingerprint_square",
  "t36"."fingerprint_most" AS "fingerprint_most",
  "t37"."setup_distinct" AS "setup_distinct",
  "t37"."setup_square" AS "setup_square",
  "t37"."setup_most" AS "setup_most",
  "t38"."model_distinct" AS "model_distinct",
  "t38"."model_square" AS "model_square",
  "t38"."model_most" AS "model_most",
  "t39"."endpoint_distinct" AS "endpoint_distinct",
  "t39"."endpoint_square" AS "endpoint_square",
  "t39"."endpoint_most" AS "endpoint_most",
  "t40"."channel_distinct" AS "channel_distinct",
  "t40"."channel_square" AS "channel_square",
  "t40"."channel_most" AS "channel_most"
FROM (
  SELECT
    "t0"."account" AS "account",
    COUNT(*) AS "exchanges",
    SUM(CASE WHEN "t0"."status" >= 400 THEN 1 ELSE 0 END) AS "failed",
    SUM(CASE WHEN "t0"."turn" <= 1 THEN 1 ELSE 0 END) AS "openings",
    SUM(CASE WHEN (
      "t0"."turn" <= 1
    ) AND (
      "t0"."status" < 400
    ) THEN 1 ELSE 0 END) AS "opened",
    SUM("t0"."turn") AS "turns",
    SUM(CASE WHEN "t0"."n_tools" > 0 THEN 1 ELSE 0 END) AS "with_tools",
    SUM("t0"."n_tools") AS "tools",
    SUM("t0"."stream") AS "streamed",
    SUM(CASE WHEN "t0"."context_in" <> 0 THEN 1 ELSE 0 END) AS "continued",
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
    "t0"."account"
) AS "t30"
INNER JOIN (
  SELECT
    "t2"."account" AS "account",
    SUM(CASE WHEN "t2"."hour" = 0 THEN "t2"."times" ELSE 0 END) AS "hour_00",
    SUM(CASE WHEN "t2"."hour" = 1 THEN "t2"."times" ELSE 0 END) AS "hour_01",
    SUM(CASE WHEN "t2"."hour" = 2 THEN "t2"."times" ELSE 0 END) AS "hour_02",
    SUM(CASE WHEN "t2"."hour" = 3 THEN "t2"."times" ELSE 0 END) AS "hour_03",
    SUM(CASE WHEN "t2"."hour" = 4 THEN "t2"."times" ELSE 0 END) AS "hour_04",
    SUM(CASE WHEN "t2"."hour" = 5 THEN "t2"."times" ELSE 0 END) AS "hour_05",
    SUM(CASE WHEN "t2"."hour" = 6 THEN "t2"."times" ELSE 0 END) AS "hour_06",
    SUM(CASE WHEN "t2"."hour" = 7 THEN "t2"."times" ELSE 0 END) AS "hour_07",
    SUM(CASE WHEN "t2"."hour" = 8 THEN "t2"."times" ELSE 0 END) AS "hour_08",
    SUM(CASE WHEN "t2"."hour" = 9 THEN "t2"."times" ELSE 0 END) AS "hour_09",
    SUM(CASE WHEN "t2"."hour" = 10 THEN "t2"."times" ELSE 0 END) AS "hour_10",
    SUM(CASE WHEN "t2"."hour" = 11 THEN "t2"."times" ELSE 0 END) AS "hour_11",
    SUM(CASE WHEN "t2"."hour" = 12 THEN "t2"."times" ELSE 0 END) AS "hour_12",
    SUM(CASE WHEN "t2"."hour" = 13 THEN "t2"."times" ELSE 0 END) AS "hour_13",
    SUM(CASE WHEN "t2"."hour" = 14 THEN "t2"."times" ELSE 0 END) AS "hour_14",
    SUM(CASE WHEN "t2"."hour" = 15 THEN "t2"."times" ELSE 0 END) AS "hour_15",
    SUM(CASE WHEN "t2"."hour" = 16 THEN "t2"."times" ELSE 0 END) AS "hour_16",
    SUM(CASE WHEN "t2"."hour" = 17 THEN "t2"."times" ELSE 0 END) AS "hour_17",
    SUM(CASE WHEN "t2"."hour" = 18 THEN "t2"."times" ELSE 0 END) AS "hour_18",
    SUM(CASE WHEN "t2"."hour" = 19 THEN "t2"."times" ELSE 0 END) AS "hour_19",
    SUM(CASE WHEN "t2"."hour" = 20 THEN "t2"."times" ELSE 0 END) AS "hour_20",
    SUM(CASE WHEN "t2"."hour" = 21 THEN "t2"."times" ELSE 0 END) AS "hour_21",
    SUM(CASE WHEN "t2"."hour" = 22 THEN "t2"."times" ELSE 0 END) AS "hour_22",
    SUM(CASE WHEN "t2"."hour" = 23 THEN "t2"."times" ELSE 0 END) AS "hour_23"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."hour" AS "hour",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."hour"
  ) AS "t2"
  GROUP BY
    "t2"."account"
) AS "t31"
  ON "t30"."account" = "t31"."account"
INNER JOIN (
  SELECT
    "t18"."account" AS "account",
    SUM(CASE WHEN "t18"."gap" <= 1000000 THEN 1 ELSE 0 END) AS "gap_00001",
    SUM(CASE WHEN "t18"."gap" <= 2000000 THEN 1 ELSE 0 END) AS "gap_00002",
    SUM(CASE WHEN "t18"."gap" <= 5000000 THEN 1 ELSE 0 END) AS "gap_00005",
    SUM(CASE WHEN "t18"."gap" <= 10000000 THEN 1 ELSE 0 END) AS "gap_00010",
    SUM(CASE WHEN "t18"."gap" <= 20000000 THEN 1 ELSE 0 END) AS "gap_00020",
    SUM(CASE WHEN "t18"."gap" <= 30000000 THEN 1 ELSE 0 END) AS "gap_00030",
    SUM(CASE WHEN "t18"."gap" <= 60000000 THEN 1 ELSE 0 END) AS "gap_00060",
    SUM(CASE WHEN "t18"."gap" <= 120000000 THEN 1 ELSE 0 END) AS "gap_00120",
    SUM(CASE WHEN "t18"."gap" <= 300000000 THEN 1 ELSE 0 END) AS "gap_00300",
    SUM(CASE WHEN "t18"."gap" <= 600000000 THEN 1 ELSE 0 END) AS "gap_00600",
    SUM(CASE WHEN "t18"."gap" <= 1800000000 THEN 1 ELSE 0 END) AS "gap_01800",
    SUM(CASE WHEN "t18"."gap" <= 3600000000 THEN 1 ELSE 0 END) AS "gap_03600",
    SUM(CASE WHEN "t18"."gap" <= 7200000000 THEN 1 ELSE 0 END) AS "gap_07200",
    SUM(CASE WHEN "t18"."gap" <= 21600000000 THEN 1 ELSE 0 END) AS "gap_21600",
    SUM(CASE WHEN "t18"."gap" <= 43200000000 THEN 1 ELSE 0 END) AS "gap_43200",
    SUM(CASE WHEN "t18"."gap" <= 86400000000 THEN 1 ELSE 0 END) AS "gap_86400"
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
  ) AS "t18"
  GROUP BY
    "t18"."account"
) AS "t42"
  ON "t30"."account" = "t42"."account"
INNER JOIN (
  SELECT
    "t3"."account" AS "account",
    COUNT(*) AS "days",
    SUM("t3"."times" * "t3"."times") AS "day_square",
    MAX("t3"."times") AS "day_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."day" AS "day",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."day"
  ) AS "t3"
  GROUP BY
    "t3"."account"
) AS "t20"
  ON "t30"."account" = "t20"."account"
INNER JOIN (
  SELECT
    "t4"."account" AS "account",
    SUM(CASE WHEN "t4"."text" <> 0 THEN 1 ELSE 0 END) AS "text_distinct",
    SUM(CASE WHEN "t4"."text" <> 0 THEN "t4"."times" * "t4"."times" ELSE 0 END) AS "text_square",
    MAX(CASE WHEN "t4"."text" <> 0 THEN "t4"."times" ELSE 0 END) AS "text_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."text" AS "text",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."text"
  ) AS "t4"
  GROUP BY
    "t4"."account"
) AS "t32"
  ON "t30"."account" = "t32"."account"
INNER JOIN (
  SELECT
    "t5"."account" AS "account",
    SUM(CASE WHEN "t5"."address" <> 0 THEN 1 ELSE 0 END) AS "address_distinct",
    SUM(CASE WHEN "t5"."address" <> 0 THEN "t5"."times" * "t5"."times" ELSE 0 END) AS "address_square",
    MAX(CASE WHEN "t5"."address" <> 0 THEN "t5"."times" ELSE 0 END) AS "address_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."address" AS "address",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."address"
  ) AS "t5"
  GROUP BY
    "t5"."account"
) AS "t33"
  ON "t30"."account" = "t33"."account"
INNER JOIN (
  SELECT
    "t6"."account" AS "account",
    SUM(CASE WHEN "t6"."conversation" <> 0 THEN 1 ELSE 0 END) AS "conversation_distinct",
    SUM(CASE WHEN "t6"."conversation" <> 0 THEN "t6"."times" * "t6"."times" ELSE 0 END) AS "conversation_square",
    MAX(CASE WHEN "t6"."conversation" <> 0 THEN "t6"."times" ELSE 0 END) AS "conversation_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."conversation" AS "conversation",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."conversation"
  ) AS "t6"
  GROUP BY
    "t6"."account"
) AS "t34"
  ON "t30"."account" = "t34"."account"
INNER JOIN (
  SELECT
    "t7"."account" AS "account",
    COUNT(*) AS "hours_active",
    MAX("t7"."times") AS "hour_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."look" AS "look",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."look"
  ) AS "t7"
  GROUP BY
    "t7"."account"
) AS "t16"
  ON "t30"."account" = "t16"."account"
INNER JOIN (
  SELECT
    "t8"."account" AS "account",
    SUM(CASE WHEN "t8"."client" <> 0 THEN 1 ELSE 0 END) AS "client_distinct",
    SUM(CASE WHEN "t8"."client" <> 0 THEN "t8"."times" * "t8"."times" ELSE 0 END) AS "client_square",
    MAX(CASE WHEN "t8"."client" <> 0 THEN "t8"."times" ELSE 0 END) AS "client_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."client" AS "client",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."client"
  ) AS "t8"
  GROUP BY
    "t8"."account"
) AS "t35"
  ON "t30"."account" = "t35"."account"
INNER JOIN (
  SELECT
    "t9"."account" AS "account",
    SUM(CASE WHEN "t9"."fingerprint" <> 0 THEN 1 ELSE 0 END) AS "fingerprint_distinct",
    SUM(CASE WHEN "t9"."fingerprint" <> 0 THEN "t9"."times" * "t9"."times" ELSE 0 END) AS "fingerprint_square",
    MAX(CASE WHEN "t9"."fingerprint" <> 0 THEN "t9"."times" ELSE 0 END) AS "fingerprint_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."fingerprint" AS "fingerprint",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."fingerprint"
  ) AS "t9"
  GROUP BY
    "t9"."account"
) AS "t36"
  ON "t30"."account" = "t36"."account"
INNER JOIN (
  SELECT
    "t10"."account" AS "account",
    SUM(CASE WHEN "t10"."setup" <> 0 THEN 1 ELSE 0 END) AS "setup_distinct",
    SUM(CASE WHEN "t10"."setup" <> 0 THEN "t10"."times" * "t10"."times" ELSE 0 END) AS "setup_square",
    MAX(CASE WHEN "t10"."setup" <> 0 THEN "t10"."times" ELSE 0 END) AS "setup_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."setup" AS "setup",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."setup"
  ) AS "t10"
  GROUP BY
    "t10"."account"
) AS "t37"
  ON "t30"."account" = "t37"."account"
INNER JOIN (
  SELECT
    "t11"."account" AS "account",
    SUM(CASE WHEN "t11"."model" <> 0 THEN 1 ELSE 0 END) AS "model_distinct",
    SUM(CASE WHEN "t11"."model" <> 0 THEN "t11"."times" * "t11"."times" ELSE 0 END) AS "model_square",
    MAX(CASE WHEN "t11"."model" <> 0 THEN "t11"."times" ELSE 0 END) AS "model_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."model" AS "model",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."model"
  ) AS "t11"
  GROUP BY
    "t11"."account"
) AS "t38"
  ON "t30"."account" = "t38"."account"
INNER JOIN (
  SELECT
    "t12"."account" AS "account",
    SUM(CASE WHEN "t12"."endpoint" <> 0 THEN 1 ELSE 0 END) AS "endpoint_distinct",
    SUM(CASE WHEN "t12"."endpoint" <> 0 THEN "t12"."times" * "t12"."times" ELSE 0 END) AS "endpoint_square",
    MAX(CASE WHEN "t12"."endpoint" <> 0 THEN "t12"."times" ELSE 0 END) AS "endpoint_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."endpoint" AS "endpoint",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."endpoint"
  ) AS "t12"
  GROUP BY
    "t12"."account"
) AS "t39"
  ON "t30"."account" = "t39"."account"
INNER JOIN (
  SELECT
    "t13"."account" AS "account",
    SUM(CASE WHEN "t13"."channel" <> 0 THEN 1 ELSE 0 END) AS "channel_distinct",
    SUM(CASE WHEN "t13"."channel" <> 0 THEN "t13"."times" * "t13"."times" ELSE 0 END) AS "channel_square",
    MAX(CASE WHEN "t13"."channel" <> 0 THEN "t13"."times" ELSE 0 END) AS "channel_most"
  FROM (
    SELECT
      "t0"."account" AS "account",
      "t0"."channel" AS "channel",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      "t0"."account",
      "t0"."channel"
  ) AS "t13"
  GROUP BY
    "t13"."account"
) AS "t40"
  ON "t30"."account" = "t40"."account"
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
        "t4"."first_us" AS "first_us"
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
      ) AS "t4"
        ON "t3"."account" = "t4"."account"
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
    SUM(CASE WHEN "t0"."text" <> 0 THEN 1 ELSE 0 END) AS "with_text"
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
  SUM(CASE WHEN "t4"."context_in" <> 0 THEN 1 ELSE 0 END) AS "continued"
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

-- batch_jobs
SELECT
  CAST("account" AS Int64) AS "account",
  CAST("batched" AS Int64) AS "batched"
FROM (
SELECT
  "t1"."account" AS "account",
  COUNT(*) AS "batched"
FROM (
  SELECT
    *
  FROM "canonical_rows" AS "t0"
  WHERE
    "t0"."endpoint" = 2846122680501083029
) AS "t1"
GROUP BY
  "t1"."account"
) AS "found";

-- opening_sizes
SELECT
  CAST("exchange" AS Int64) AS "exchange",
  CAST("input_tokens" AS Int64) AS "input_tokens",
  CAST("output_tokens" AS Int64) AS "output_tokens"
FROM (
SELECT
  "t2"."exchange" AS "exchange",
  "t2"."input_tokens" AS "input_tokens",
  "t2"."output_tokens" AS "output_tokens"
FROM "canonical_rows" AS "t2"
INNER JOIN (
  SELECT
    "t1"."exchange" AS "exchange"
  FROM "counted_openings" AS "t1"
) AS "t4"
  ON "t2"."exchange" = "t4"."exchange"
) AS "found";

-- rows_of_accounts
SELECT
  CAST("exchange" AS Int64) AS "exchange",
  CAST("ts_us" AS Int64) AS "ts_us",
  CAST("account" AS Int64) AS "account",
  CAST("conversation" AS Int64) AS "conversation",
  CAST("context_in" AS Int64) AS "context_in",
  CAST("context_out" AS Int64) AS "context_out",
  CAST("text" AS Int64) AS "text",
  CAST("client" AS Int64) AS "client",
  CAST("model" AS Int64) AS "model",
  CAST("turn" AS Int64) AS "turn",
  CAST("input_tokens" AS Int64) AS "input_tokens",
  CAST("output_tokens" AS Int64) AS "output_tokens",
  CAST("status" AS Int64) AS "status"
FROM (
SELECT
  "t2"."exchange" AS "exchange",
  "t2"."ts_us" AS "ts_us",
  "t2"."account" AS "account",
  "t2"."conversation" AS "conversation",
  "t2"."context_in" AS "context_in",
  "t2"."context_out" AS "context_out",
  "t2"."text" AS "text",
  "t2"."client" AS "client",
  "t2"."model" AS "model",
  "t2"."turn" AS "turn",
  "t2"."input_tokens" AS "input_tokens",
  "t2"."output_tokens" AS "output_tokens",
  "t2"."status" AS "status"
FROM "canonical_rows" AS "t2"
INNER JOIN "wanted_accounts" AS "t3"
  ON "t2"."account" = "t3"."account"
) AS "found";

-- texts_of_both
SELECT
  CAST("text" AS Int64) AS "text"
FROM (
SELECT
  "t6"."text" AS "text"
FROM (
  SELECT
    "t5"."text" AS "text",
    MAX("t5"."suspect") AS "most",
    MIN("t5"."suspect") AS "least"
  FROM (
    SELECT
      "t4"."account" AS "account",
      "t4"."text" AS "text",
      "t2"."suspect" AS "suspect"
    FROM (
      SELECT
        "t0"."account" AS "account",
        "t0"."text" AS "text"
      FROM "canonical_rows" AS "t0"
      WHERE
        "t0"."text" <> 0
    ) AS "t4"
    INNER JOIN "marked_accounts" AS "t2"
      ON "t4"."account" = "t2"."account"
  ) AS "t5"
  GROUP BY
    "t5"."text"
) AS "t6"
WHERE
  "t6"."most" = 1 AND "t6"."least" = 0
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
