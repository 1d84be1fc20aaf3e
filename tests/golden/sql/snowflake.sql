-- integer_core
SELECT
  CAST("account" AS BIGINT) AS "account",
  CAST("exchanges" AS BIGINT) AS "exchanges",
  CAST("failed" AS BIGINT) AS "failed",
  CAST("openings" AS BIGINT) AS "openings",
  CAST("opened" AS BIGINT) AS "opened",
  CAST("turns" AS BIGINT) AS "turns",
  CAST("with_tools" AS BIGINT) AS "with_tools",
  CAST("tools" AS BIGINT) AS "tools",
  CAST("streamed" AS BIGINT) AS "streamed",
  CAST("continued" AS BIGINT) AS "continued",
  CAST("input_tokens" AS BIGINT) AS "input_tokens",
  CAST("output_tokens" AS BIGINT) AS "output_tokens",
  CAST("input_square" AS BIGINT) AS "input_square",
  CAST("output_square" AS BIGINT) AS "output_square",
  CAST("turn_most" AS BIGINT) AS "turn_most",
  CAST("input_most" AS BIGINT) AS "input_most",
  CAST("output_most" AS BIGINT) AS "output_most",
  CAST("last_us" AS BIGINT) AS "last_us",
  CAST("input_least" AS BIGINT) AS "input_least",
  CAST("output_least" AS BIGINT) AS "output_least",
  CAST("first_us" AS BIGINT) AS "first_us",
  CAST("hour_00" AS BIGINT) AS "hour_00",
  CAST("hour_01" AS BIGINT) AS "hour_01",
  CAST("hour_02" AS BIGINT) AS "hour_02",
  CAST("hour_03" AS BIGINT) AS "hour_03",
  CAST("hour_04" AS BIGINT) AS "hour_04",
  CAST("hour_05" AS BIGINT) AS "hour_05",
  CAST("hour_06" AS BIGINT) AS "hour_06",
  CAST("hour_07" AS BIGINT) AS "hour_07",
  CAST("hour_08" AS BIGINT) AS "hour_08",
  CAST("hour_09" AS BIGINT) AS "hour_09",
  CAST("hour_10" AS BIGINT) AS "hour_10",
  CAST("hour_11" AS BIGINT) AS "hour_11",
  CAST("hour_12" AS BIGINT) AS "hour_12",
  CAST("hour_13" AS BIGINT) AS "hour_13",
  CAST("hour_14" AS BIGINT) AS "hour_14",
  CAST("hour_15" AS BIGINT) AS "hour_15",
  CAST("hour_16" AS BIGINT) AS "hour_16",
  CAST("hour_17" AS BIGINT) AS "hour_17",
  CAST("hour_18" AS BIGINT) AS "hour_18",
  CAST("hour_19" AS BIGINT) AS "hour_19",
  CAST("hour_20" AS BIGINT) AS "hour_20",
  CAST("hour_21" AS BIGINT) AS "hour_21",
  CAST("hour_22" AS BIGINT) AS "hour_22",
  CAST("hour_23" AS BIGINT) AS "hour_23",
  CAST("gap_00001" AS BIGINT) AS "gap_00001",
  CAST("gap_00002" AS BIGINT) AS "gap_00002",
  CAST("gap_00005" AS BIGINT) AS "gap_00005",
  CAST("gap_00010" AS BIGINT) AS "gap_00010",
  CAST("gap_00020" AS BIGINT) AS "gap_00020",
  CAST("gap_00030" AS BIGINT) AS "gap_00030",
  CAST("gap_00060" AS BIGINT) AS "gap_00060",
  CAST("gap_00120" AS BIGINT) AS "gap_00120",
  CAST("gap_00300" AS BIGINT) AS "gap_00300",
  CAST("gap_00600" AS BIGINT) AS "gap_00600",
  CAST("gap_01800" AS BIGINT) AS "gap_01800",
  CAST("gap_03600" AS BIGINT) AS "gap_03600",
  CAST("gap_07200" AS BIGINT) AS "gap_07200",
  CAST("gap_21600" AS BIGINT) AS "gap_21600",
  CAST("gap_43200" AS BIGINT) AS "gap_43200",
  CAST("gap_86400" AS BIGINT) AS "gap_86400",
  CAST("days" AS BIGINT) AS "days",
  CAST("day_square" AS BIGINT) AS "day_square",
  CAST("day_most" AS BIGINT) AS "day_most",
  CAST("text_distinct" AS BIGINT) AS "text_distinct",
  CAST("text_square" AS BIGINT) AS "text_square",
  CAST("text_most" AS BIGINT) AS "text_most",
  CAST("address_distinct" AS BIGINT) AS "address_distinct",
  CAST("address_square" AS BIGINT) AS "address_square",
  CAST("address_most" AS BIGINT) AS "address_most",
  CAST("conversation_distinct" AS BIGINT) AS "conversation_distinct",
  CAST("conversation_square" AS BIGINT) AS "conversation_square",
  CAST("conversation_most" AS BIGINT) AS "conversation_most"
FROM (
SELECT
  "t15"."account",
  "t15"."exchanges",
  "t15"."failed",
  "t15"."openings",
  "t15"."opened",
  "t15"."turns",
  "t15"."with_tools",
  "t15"."tools",
  "t15"."streamed",
  "t15"."continued",
  "t15"."input_tokens",
  "t15"."output_tokens",
  "t15"."input_square",
  "t15"."output_square",
  "t15"."turn_most",
  "t15"."input_most",
  "t15"."output_most",
  "t15"."last_us",
  "t15"."input_least",
  "t15"."output_least",
  "t15"."first_us",
  "t16"."hour_00",
  "t16"."hour_01",
  "t16"."hour_02",
  "t16"."hour_03",
  "t16"."hour_04",
  "t16"."hour_05",
  "t16"."hour_06",
  "t16"."hour_07",
  "t16"."hour_08",
  "t16"."hour_09",
  "t16"."hour_10",
  "t16"."hour_11",
  "t16"."hour_12",
  "t16"."hour_13",
  "t16"."hour_14",
  "t16"."hour_15",
  "t16"."hour_16",
  "t16"."hour_17",
  "t16"."hour_18",
  "t16"."hour_19",
  "t16"."hour_20",
  "t16"."hour_21",
  "t16"."hour_22",
  "t16"."hour_23",
  "t21"."gap_00001",
  "t21"."gap_00002",
  "t21"."gap_00005",
  "t21"."gap_00010",
  "t21"."gap_00020",
  "t21"."gap_00030",
  "t21"."gap_00060",
  "t21"."gap_00120",
  "t21"."gap_00300",
  "t21"."gap_00600",
  "t21"."gap_01800",
  "t21"."gap_03600",
  "t21"."gap_07200",
  "t21"."gap_21600",
  "t21"."gap_43200",
  "t21"."gap_86400",
  "t11"."days",
  "t11"."day_square",
  "t11"."day_most",
  "t17"."text_distinct",
  "t17"."text_square",
  "t17"."text_most",
  "t18"."address_distinct",
  "t18"."address_square",
  "t18"."address_most",
  "t19"."conversation_distinct",
  "t19"."conversation_square",
  "t19"."conversation_most"
FROM (
  SELECT
    "t0"."account",
    COUNT(*) AS "exchanges",
    SUM(IFF("t0"."status" >= 400, 1, 0)) AS "failed",
    SUM(IFF("t0"."turn" <= 1, 1, 0)) AS "openings",
    SUM(IFF((
      "t0"."turn" <= 1
    ) AND (
      "t0"."status" < 400
    ), 1, 0)) AS "opened",
    SUM("t0"."turn") AS "turns",
    SUM(IFF("t0"."n_tools" > 0, 1, 0)) AS "with_tools",
    SUM("t0"."n_tools") AS "tools",
    SUM("t0"."stream") AS "streamed",
    SUM(IFF("t0"."context_in" <> 0, 1, 0)) AS "continued",
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
    1
) AS "t15"
INNER JOIN (
  SELECT
    "t2"."account",
    SUM(IFF("t2"."hour" = 0, "t2"."times", 0)) AS "hour_00",
    SUM(IFF("t2"."hour" = 1, "t2"."times", 0)) AS "hour_01",
    SUM(IFF("t2"."hour" = 2, "t2"."times", 0)) AS "hour_02",
    SUM(IFF("t2"."hour" = 3, "t2"."times", 0)) AS "hour_03",
    SUM(IFF("t2"."hour" = 4, "t2"."times", 0)) AS "hour_04",
    SUM(IFF("t2"."hour" = 5, "t2"."times", 0)) AS "hour_05",
    SUM(IFF("t2"."hour" = 6, "t2"."times", 0)) AS "hour_06",
    SUM(IFF("t2"."hour" = 7, "t2"."times", 0)) AS "hour_07",
    SUM(IFF("t2"."hour" = 8, "t2"."times", 0)) AS "hour_08",
    SUM(IFF("t2"."hour" = 9, "t2"."times", 0)) AS "hour_09",
    SUM(IFF("t2"."hour" = 10, "t2"."times", 0)) AS "hour_10",
    SUM(IFF("t2"."hour" = 11, "t2"."times", 0)) AS "hour_11",
    SUM(IFF("t2"."hour" = 12, "t2"."times", 0)) AS "hour_12",
    SUM(IFF("t2"."hour" = 13, "t2"."times", 0)) AS "hour_13",
    SUM(IFF("t2"."hour" = 14, "t2"."times", 0)) AS "hour_14",
    SUM(IFF("t2"."hour" = 15, "t2"."times", 0)) AS "hour_15",
    SUM(IFF("t2"."hour" = 16, "t2"."times", 0)) AS "hour_16",
    SUM(IFF("t2"."hour" = 17, "t2"."times", 0)) AS "hour_17",
    SUM(IFF("t2"."hour" = 18, "t2"."times", 0)) AS "hour_18",
    SUM(IFF("t2"."hour" = 19, "t2"."times", 0)) AS "hour_19",
    SUM(IFF("t2"."hour" = 20, "t2"."times", 0)) AS "hour_20",
    SUM(IFF("t2"."hour" = 21, "t2"."times", 0)) AS "hour_21",
    SUM(IFF("t2"."hour" = 22, "t2"."times", 0)) AS "hour_22",
    SUM(IFF("t2"."hour" = 23, "t2"."times", 0)) AS "hour_23"
  FROM (
    SELECT
      "t0"."account",
      "t0"."hour",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t2"
  GROUP BY
    1
) AS "t16"
  ON "t15"."account" = "t16"."account"
INNER JOIN (
  SELECT
    "t9"."account",
    SUM(IFF("t9"."gap" <= 1000000, 1, 0)) AS "gap_00001",
    SUM(IFF("t9"."gap" <= 2000000, 1, 0)) AS "gap_00002",
    SUM(IFF("t9"."gap" <= 5000000, 1, 0)) AS "gap_00005",
    SUM(IFF("t9"."gap" <= 10000000, 1, 0)) AS "gap_00010",
    SUM(IFF("t9"."gap" <= 20000000, 1, 0)) AS "gap_00020",
    SUM(IFF("t9"."gap" <= 30000000, 1, 0)) AS "gap_00030",
    SUM(IFF("t9"."gap" <= 60000000, 1, 0)) AS "gap_00060",
    SUM(IFF("t9"."gap" <= 120000000, 1, 0)) AS "gap_00120",
    SUM(IFF("t9"."gap" <= 300000000, 1, 0)) AS "gap_00300",
    SUM(IFF("t9"."gap" <= 600000000, 1, 0)) AS "gap_00600",
    SUM(IFF("t9"."gap" <= 1800000000, 1, 0)) AS "gap_01800",
    SUM(IFF("t9"."gap" <= 3600000000, 1, 0)) AS "gap_03600",
    SUM(IFF("t9"."gap" <= 7200000000, 1, 0)) AS "gap_07200",
    SUM(IFF("t9"."gap" <= 21600000000, 1, 0)) AS "gap_21600",
    SUM(IFF("t9"."gap" <= 43200000000, 1, 0)) AS "gap_43200",
    SUM(IFF("t9"."gap" <= 86400000000, 1, 0)) AS "gap_86400"
  FROM (
    SELECT
      "t1"."account",
      "t1"."ts_us" - LAG("t1"."ts_us", 1, -2305843009213693952) OVER (PARTITION BY "t1"."account" ORDER BY "t1"."ts_us" ASC) AS "gap"
    FROM (
      SELECT
        "t0"."account",
        "t0"."ts_us"
      FROM "canonical_rows" AS "t0"
    ) AS "t1"
  ) AS "t9"
  GROUP BY
    1
) AS "t21"
  ON "t15"."account" = "t21"."account"
INNER JOIN (
  SELECT
    "t3"."account",
    COUNT(*) AS "days",
    SUM("t3"."times" * "t3"."times") AS "day_square",
    MAX("t3"."times") AS "day_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."day",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t3"
  GROUP BY
    1
) AS "t11"
  ON "t15"."account" = "t11"."account"
INNER JOIN (
  SELECT
    "t4"."account",
    SUM(IFF("t4"."text" <> 0, 1, 0)) AS "text_distinct",
    SUM(IFF("t4"."text" <> 0, "t4"."times" * "t4"."times", 0)) AS "text_square",
    MAX(IFF("t4"."text" <> 0, "t4"."times", 0)) AS "text_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."text",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t4"
  GROUP BY
    1
) AS "t17"
  ON "t15"."account" = "t17"."account"
INNER JOIN (
  SELECT
    "t5"."account",
    SUM(IFF("t5"."address" <> 0, 1, 0)) AS "address_distinct",
    SUM(IFF("t5"."address" <> 0, "t5"."times" * "t5"."times", 0)) AS "address_square",
    MAX(IFF("t5"."address" <> 0, "t5"."times", 0)) AS "address_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."address",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t5"
  GROUP BY
    1
) AS "t18"
  ON "t15"."account" = "t18"."account"
INNER JOIN (
  SELECT
    "t6"."account",
    SUM(IFF("t6"."conversation" <> 0, 1, 0)) AS "conversation_distinct",
    SUM(IFF("t6"."conversation" <> 0, "t6"."times" * "t6"."times", 0)) AS "conversation_square",
    MAX(IFF("t6"."conversation" <> 0, "t6"."times", 0)) AS "conversation_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."conversation",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t6"
  GROUP BY
    1
) AS "t19"
  ON "t15"."account" = "t19"."account"
) AS "found";

-- all_sums
SELECT
  CAST("account" AS BIGINT) AS "account",
  CAST("exchanges" AS BIGINT) AS "exchanges",
  CAST("failed" AS BIGINT) AS "failed",
  CAST("openings" AS BIGINT) AS "openings",
  CAST("opened" AS BIGINT) AS "opened",
  CAST("turns" AS BIGINT) AS "turns",
  CAST("with_tools" AS BIGINT) AS "with_tools",
  CAST("tools" AS BIGINT) AS "tools",
  CAST("streamed" AS BIGINT) AS "streamed",
  CAST("continued" AS BIGINT) AS "continued",
  CAST("input_tokens" AS BIGINT) AS "input_tokens",
  CAST("output_tokens" AS BIGINT) AS "output_tokens",
  CAST("input_square" AS BIGINT) AS "input_square",
  CAST("output_square" AS BIGINT) AS "output_square",
  CAST("turn_most" AS BIGINT) AS "turn_most",
  CAST("input_most" AS BIGINT) AS "input_most",
  CAST("output_most" AS BIGINT) AS "output_most",
  CAST("last_us" AS BIGINT) AS "last_us",
  CAST("input_least" AS BIGINT) AS "input_least",
  CAST("output_least" AS BIGINT) AS "output_least",
  CAST("first_us" AS BIGINT) AS "first_us",
  CAST("hour_00" AS BIGINT) AS "hour_00",
  CAST("hour_01" AS BIGINT) AS "hour_01",
  CAST("hour_02" AS BIGINT) AS "hour_02",
  CAST("hour_03" AS BIGINT) AS "hour_03",
  CAST("hour_04" AS BIGINT) AS "hour_04",
  CAST("hour_05" AS BIGINT) AS "hour_05",
  CAST("hour_06" AS BIGINT) AS "hour_06",
  CAST("hour_07" AS BIGINT) AS "hour_07",
  CAST("hour_08" AS BIGINT) AS "hour_08",
  CAST("hour_09" AS BIGINT) AS "hour_09",
  CAST("hour_10" AS BIGINT) AS "hour_10",
  CAST("hour_11" AS BIGINT) AS "hour_11",
  CAST("hour_12" AS BIGINT) AS "hour_12",
  CAST("hour_13" AS BIGINT) AS "hour_13",
  CAST("hour_14" AS BIGINT) AS "hour_14",
  CAST("hour_15" AS BIGINT) AS "hour_15",
  CAST("hour_16" AS BIGINT) AS "hour_16",
  CAST("hour_17" AS BIGINT) AS "hour_17",
  CAST("hour_18" AS BIGINT) AS "hour_18",
  CAST("hour_19" AS BIGINT) AS "hour_19",
  CAST("hour_20" AS BIGINT) AS "hour_20",
  CAST("hour_21" AS BIGINT) AS "hour_21",
  CAST("hour_22" AS BIGINT) AS "hour_22",
  CAST("hour_23" AS BIGINT) AS "hour_23",
  CAST("gap_00001" AS BIGINT) AS "gap_00001",
  CAST("gap_00002" AS BIGINT) AS "gap_00002",
  CAST("gap_00005" AS BIGINT) AS "gap_00005",
  CAST("gap_00010" AS BIGINT) AS "gap_00010",
  CAST("gap_00020" AS BIGINT) AS "gap_00020",
  CAST("gap_00030" AS BIGINT) AS "gap_00030",
  CAST("gap_00060" AS BIGINT) AS "gap_00060",
  CAST("gap_00120" AS BIGINT) AS "gap_00120",
  CAST("gap_00300" AS BIGINT) AS "gap_00300",
  CAST("gap_00600" AS BIGINT) AS "gap_00600",
  CAST("gap_01800" AS BIGINT) AS "gap_01800",
  CAST("gap_03600" AS BIGINT) AS "gap_03600",
  CAST("gap_07200" AS BIGINT) AS "gap_07200",
  CAST("gap_21600" AS BIGINT) AS "gap_21600",
  CAST("gap_43200" AS BIGINT) AS "gap_43200",
  CAST("gap_86400" AS BIGINT) AS "gap_86400",
  CAST("days" AS BIGINT) AS "days",
  CAST("day_square" AS BIGINT) AS "day_square",
  CAST("day_most" AS BIGINT) AS "day_most",
  CAST("text_distinct" AS BIGINT) AS "text_distinct",
  CAST("text_square" AS BIGINT) AS "text_square",
  CAST("text_most" AS BIGINT) AS "text_most",
  CAST("address_distinct" AS BIGINT) AS "address_distinct",
  CAST("address_square" AS BIGINT) AS "address_square",
  CAST("address_most" AS BIGINT) AS "address_most",
  CAST("conversation_distinct" AS BIGINT) AS "conversation_distinct",
  CAST("conversation_square" AS BIGINT) AS "conversation_square",
  CAST("conversation_most" AS BIGINT) AS "conversation_most",
  CAST("hours_active" AS BIGINT) AS "hours_active",
  CAST("hour_most" AS BIGINT) AS "hour_most",
  CAST("client_distinct" AS BIGINT) AS "client_distinct",
  CAST("client_square" AS BIGINT) AS "client_square",
  CAST("client_most" AS BIGINT) AS "client_most",
  CAST("fingerprint_distinct" AS BIGINT) AS "fingerprint_distinct",
  CAST("fingerprint_square" AS BIGINT) AS "fingerprint_square",
  CAST("fingerprint_most" AS BIGINT) AS "fingerprint_most",
  CAST("setup_distinct" AS BIGINT) AS "setup_distinct",
  CAST("setup_square" AS BIGINT) AS "setup_square",
  CAST("setup_most" AS BIGINT) AS "setup_most",
  CAST("model_distinct" AS BIGINT) AS "model_distinct",
  CAST("model_square" AS BIGINT) AS "model_square",
  CAST("model_most" AS BIGINT) AS "model_most",
  CAST("endpoint_distinct" AS BIGINT) AS "endpoint_distinct",
  CAST("endpoint_square" AS BIGINT) AS "endpoint_square",
  CAST("endpoint_most" AS BIGINT) AS "endpoint_most",
  CAST("channel_distinct" AS BIGINT) AS "channel_distinct",
  CAST("channel_square" AS BIGINT) AS "channel_square",
  CAST("channel_most" AS BIGINT) AS "channel_most"
FROM (
SELECT
  "t30"."account",
  "t30"."exchanges",
  "t30"."failed",
  "t30"."openings",
  "t30"."opened",
  "t30"."turns",
  "t30"."with_tools",
  "t30"."tools",
  "t30"."streamed",
  "t30"."continued",
  "t30"."input_tokens",
  "t30"."output_tokens",
  "t30"."input_square",
  "t30"."output_square",
  "t30"."turn_most",
  "t30"."input_most",
  "t30"."output_most",
  "t30"."last_us",
  "t30"."input_least",
  "t30"."output_least",
  "t30"."first_us",
  "t31"."hour_00",
  "t31"."hour_01",
  "t31"."hour_02",
  "t31"."hour_03",
  "t31"."hour_04",
  "t31"."hour_05",
  "t31"."hour_06",
  "t31"."hour_07",
  "t31"."hour_08",
  "t31"."hour_09",
  "t31"."hour_10",
  "t31"."hour_11",
  "t31"."hour_12",
  "t31"."hour_13",
  "t31"."hour_14",
  "t31"."hour_15",
  "t31"."hour_16",
  "t31"."hour_17",
  "t31"."hour_18",
  "t31"."hour_19",
  "t31"."hour_20",
  "t31"."hour_21",
  "t31"."hour_22",
  "t31"."hour_23",
  "t42"."gap_00001",
  "t42"."gap_00002",
  "t42"."gap_00005",
  "t42"."gap_00010",
  "t42"."gap_00020",
  "t42"."gap_00030",
  "t42"."gap_00060",
  "t42"."gap_00120",
  "t42"."gap_00300",
  "t42"."gap_00600",
  "t42"."gap_01800",
  "t42"."gap_03600",
  "t42"."gap_07200",
  "t42"."gap_21600",
  "t42"."gap_43200",
  "t42"."gap_86400",
  "t20"."days",
  "t20"."day_square",
  "t20"."day_most",
  "t32"."text_distinct",
  "t32"."text_square",
  "t32"."text_most",
  "t33"."address_distinct",
  "t33"."address_square",
  "t33"."address_most",
  "t34"."conversation_distinct",
  "t34"."conversation_square",
  "t34"."conversation_most",
  "t16"."hours_active",
  "t16"."hour_most",
  "t35"."client_distinct",
  "t35"."client_square",
  "t35"."client_most",
  "t36"."fingerprint_distinct",
  "t36"."fingerprint_square",
  "t36"."fingerprint_most",
  "t37"."setup_distinct",
  "t37"."setup_square",
  "t37"."setup_most",
  "t38"."model_distinct",
  "t38"."model_square",
  "t38"."model_most",
  "t39"."endpoint_distinct",
  "t39"."endpoint_square",
  "t39"."endpoint_most",
  "t40"."channel_distinct",
  "t40"."channel_square",
  "t40"."channel_most"
FROM (
  SELECT
    "t0"."account",
    COUNT(*) AS "exchanges",
    SUM(IFF("t0"."status" >= 400, 1, 0)) AS "failed",
    SUM(IFF("t0"."turn" <= 1, 1, 0)) AS "openings",
    SUM(IFF((
      "t0"."turn" <= 1
    ) AND (
      "t0"."status" < 400
    ), 1, 0)) AS "opened",
    SUM("t0"."turn") AS "turns",
    SUM(IFF("t0"."n_tools" > 0, 1, 0)) AS "with_tools",
    SUM("t0"."n_tools") AS "tools",
    SUM("t0"."stream") AS "streamed",
    SUM(IFF("t0"."context_in" <> 0, 1, 0)) AS "continued",
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
    1
) AS "t30"
INNER JOIN (
  SELECT
    "t2"."account",
    SUM(IFF("t2"."hour" = 0, "t2"."times", 0)) AS "hour_00",
    SUM(IFF("t2"."hour" = 1, "t2"."times", 0)) AS "hour_01",
    SUM(IFF("t2"."hour" = 2, "t2"."times", 0)) AS "hour_02",
    SUM(IFF("t2"."hour" = 3, "t2"."times", 0)) AS "hour_03",
    SUM(IFF("t2"."hour" = 4, "t2"."times", 0)) AS "hour_04",
    SUM(IFF("t2"."hour" = 5, "t2"."times", 0)) AS "hour_05",
    SUM(IFF("t2"."hour" = 6, "t2"."times", 0)) AS "hour_06",
    SUM(IFF("t2"."hour" = 7, "t2"."times", 0)) AS "hour_07",
    SUM(IFF("t2"."hour" = 8, "t2"."times", 0)) AS "hour_08",
    SUM(IFF("t2"."hour" = 9, "t2"."times", 0)) AS "hour_09",
    SUM(IFF("t2"."hour" = 10, "t2"."times", 0)) AS "hour_10",
    SUM(IFF("t2"."hour" = 11, "t2"."times", 0)) AS "hour_11",
    SUM(IFF("t2"."hour" = 12, "t2"."times", 0)) AS "hour_12",
    SUM(IFF("t2"."hour" = 13, "t2"."times", 0)) AS "hour_13",
    SUM(IFF("t2"."hour" = 14, "t2"."times", 0)) AS "hour_14",
    SUM(IFF("t2"."hour" = 15, "t2"."times", 0)) AS "hour_15",
    SUM(IFF("t2"."hour" = 16, "t2"."times", 0)) AS "hour_16",
    SUM(IFF("t2"."hour" = 17, "t2"."times", 0)) AS "hour_17",
    SUM(IFF("t2"."hour" = 18, "t2"."times", 0)) AS "hour_18",
    SUM(IFF("t2"."hour" = 19, "t2"."times", 0)) AS "hour_19",
    SUM(IFF("t2"."hour" = 20, "t2"."times", 0)) AS "hour_20",
    SUM(IFF("t2"."hour" = 21, "t2"."times", 0)) AS "hour_21",
    SUM(IFF("t2"."hour" = 22, "t2"."times", 0)) AS "hour_22",
    SUM(IFF("t2"."hour" = 23, "t2"."times", 0)) AS "hour_23"
  FROM (
    SELECT
      "t0"."account",
      "t0"."hour",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t2"
  GROUP BY
    1
) AS "t31"
  ON "t30"."account" = "t31"."account"
INNER JOIN (
  SELECT
    "t18"."account",
    SUM(IFF("t18"."gap" <= 1000000, 1, 0)) AS "gap_00001",
    SUM(IFF("t18"."gap" <= 2000000, 1, 0)) AS "gap_00002",
    SUM(IFF("t18"."gap" <= 5000000, 1, 0)) AS "gap_00005",
    SUM(IFF("t18"."gap" <= 10000000, 1, 0)) AS "gap_00010",
    SUM(IFF("t18"."gap" <= 20000000, 1, 0)) AS "gap_00020",
    SUM(IFF("t18"."gap" <= 30000000, 1, 0)) AS "gap_00030",
    SUM(IFF("t18"."gap" <= 60000000, 1, 0)) AS "gap_00060",
    SUM(IFF("t18"."gap" <= 120000000, 1, 0)) AS "gap_00120",
    SUM(IFF("t18"."gap" <= 300000000, 1, 0)) AS "gap_00300",
    SUM(IFF("t18"."gap" <= 600000000, 1, 0)) AS "gap_00600",
    SUM(IFF("t18"."gap" <= 1800000000, 1, 0)) AS "gap_01800",
    SUM(IFF("t18"."gap" <= 3600000000, 1, 0)) AS "gap_03600",
    SUM(IFF("t18"."gap" <= 7200000000, 1, 0)) AS "gap_07200",
    SUM(IFF("t18"."gap" <= 21600000000, 1, 0)) AS "gap_21600",
    SUM(IFF("t18"."gap" <= 43200000000, 1, 0)) AS "gap_43200",
    SUM(IFF("t18"."gap" <= 86400000000, 1, 0)) AS "gap_86400"
  FROM (
    SELECT
      "t1"."account",
      "t1"."ts_us" - LAG("t1"."ts_us", 1, -2305843009213693952) OVER (PARTITION BY "t1"."account" ORDER BY "t1"."ts_us" ASC) AS "gap"
    FROM (
      SELECT
        "t0"."account",
        "t0"."ts_us"
      FROM "canonical_rows" AS "t0"
    ) AS "t1"
  ) AS "t18"
  GROUP BY
    1
) AS "t42"
  ON "t30"."account" = "t42"."account"
INNER JOIN (
  SELECT
    "t3"."account",
    COUNT(*) AS "days",
    SUM("t3"."times" * "t3"."times") AS "day_square",
    MAX("t3"."times") AS "day_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."day",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t3"
  GROUP BY
    1
) AS "t20"
  ON "t30"."account" = "t20"."account"
INNER JOIN (
  SELECT
    "t4"."account",
    SUM(IFF("t4"."text" <> 0, 1, 0)) AS "text_distinct",
    SUM(IFF("t4"."text" <> 0, "t4"."times" * "t4"."times", 0)) AS "text_square",
    MAX(IFF("t4"."text" <> 0, "t4"."times", 0)) AS "text_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."text",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t4"
  GROUP BY
    1
) AS "t32"
  ON "t30"."account" = "t32"."account"
INNER JOIN (
  SELECT
    "t5"."account",
    SUM(IFF("t5"."address" <> 0, 1, 0)) AS "address_distinct",
    SUM(IFF("t5"."address" <> 0, "t5"."times" * "t5"."times", 0)) AS "address_square",
    MAX(IFF("t5"."address" <> 0, "t5"."times", 0)) AS "address_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."address",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t5"
  GROUP BY
    1
) AS "t33"
  ON "t30"."account" = "t33"."account"
INNER JOIN (
  SELECT
    "t6"."account",
    SUM(IFF("t6"."conversation" <> 0, 1, 0)) AS "conversation_distinct",
    SUM(IFF("t6"."conversation" <> 0, "t6"."times" * "t6"."times", 0)) AS "conversation_square",
    MAX(IFF("t6"."conversation" <> 0, "t6"."times", 0)) AS "conversation_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."conversation",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t6"
  GROUP BY
    1
) AS "t34"
  ON "t30"."account" = "t34"."account"
INNER JOIN (
  SELECT
    "t7"."account",
    COUNT(*) AS "hours_active",
    MAX("t7"."times") AS "hour_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."look",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t7"
  GROUP BY
    1
) AS "t16"
  ON "t30"."account" = "t16"."account"
INNER JOIN (
  SELECT
    "t8"."account",
    SUM(IFF("t8"."client" <> 0, 1, 0)) AS "client_distinct",
    SUM(IFF("t8"."client" <> 0, "t8"."times" * "t8"."times", 0)) AS "client_square",
    MAX(IFF("t8"."client" <> 0, "t8"."times", 0)) AS "client_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."client",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t8"
  GROUP BY
    1
) AS "t35"
  ON "t30"."account" = "t35"."account"
INNER JOIN (
  SELECT
    "t9"."account",
    SUM(IFF("t9"."fingerprint" <> 0, 1, 0)) AS "fingerprint_distinct",
    SUM(IFF("t9"."fingerprint" <> 0, "t9"."times" * "t9"."times", 0)) AS "fingerprint_square",
    MAX(IFF("t9"."fingerprint" <> 0, "t9"."times", 0)) AS "fingerprint_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."fingerprint",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t9"
  GROUP BY
    1
) AS "t36"
  ON "t30"."account" = "t36"."account"
INNER JOIN (
  SELECT
    "t10"."account",
    SUM(IFF("t10"."setup" <> 0, 1, 0)) AS "setup_distinct",
    SUM(IFF("t10"."setup" <> 0, "t10"."times" * "t10"."times", 0)) AS "setup_square",
    MAX(IFF("t10"."setup" <> 0, "t10"."times", 0)) AS "setup_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."setup",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t10"
  GROUP BY
    1
) AS "t37"
  ON "t30"."account" = "t37"."account"
INNER JOIN (
  SELECT
    "t11"."account",
    SUM(IFF("t11"."model" <> 0, 1, 0)) AS "model_distinct",
    SUM(IFF("t11"."model" <> 0, "t11"."times" * "t11"."times", 0)) AS "model_square",
    MAX(IFF("t11"."model" <> 0, "t11"."times", 0)) AS "model_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."model",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t11"
  GROUP BY
    1
) AS "t38"
  ON "t30"."account" = "t38"."account"
INNER JOIN (
  SELECT
    "t12"."account",
    SUM(IFF("t12"."endpoint" <> 0, 1, 0)) AS "endpoint_distinct",
    SUM(IFF("t12"."endpoint" <> 0, "t12"."times" * "t12"."times", 0)) AS "endpoint_square",
    MAX(IFF("t12"."endpoint" <> 0, "t12"."times", 0)) AS "endpoint_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."endpoint",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t12"
  GROUP BY
    1
) AS "t39"
  ON "t30"."account" = "t39"."account"
INNER JOIN (
  SELECT
    "t13"."account",
    SUM(IFF("t13"."channel" <> 0, 1, 0)) AS "channel_distinct",
    SUM(IFF("t13"."channel" <> 0, "t13"."times" * "t13"."times", 0)) AS "channel_square",
    MAX(IFF("t13"."channel" <> 0, "t13"."times", 0)) AS "channel_most"
  FROM (
    SELECT
      "t0"."account",
      "t0"."channel",
      COUNT(*) AS "times"
    FROM "canonical_rows" AS "t0"
    GROUP BY
      1,
      2
  ) AS "t13"
  GROUP BY
    1
) AS "t40"
  ON "t30"."account" = "t40"."account"
) AS "found";

-- accounts_seen
SELECT
  CAST("account" AS BIGINT) AS "account",
  CAST("first_us" AS BIGINT) AS "first_us",
  CAST("first_exchange" AS BIGINT) AS "first_exchange",
  CAST("exchanges" AS BIGINT) AS "exchanges",
  CAST("with_text" AS BIGINT) AS "with_text"
FROM (
SELECT
  "t10"."account",
  "t10"."first_us",
  "t10"."first_exchange",
  "t6"."exchanges",
  "t6"."with_text"
FROM (
  SELECT
    "t8"."account",
    MIN("t8"."first_us") AS "first_us",
    MIN("t8"."exchange") AS "first_exchange"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."account",
        "t3"."ts_us",
        "t3"."exchange",
        "t4"."first_us"
      FROM (
        SELECT
          "t0"."account",
          "t0"."ts_us",
          "t0"."exchange"
        FROM "canonical_rows" AS "t0"
      ) AS "t3"
      INNER JOIN (
        SELECT
          "t0"."account",
          MIN("t0"."ts_us") AS "first_us"
        FROM "canonical_rows" AS "t0"
        GROUP BY
          1
      ) AS "t4"
        ON "t3"."account" = "t4"."account"
    ) AS "t7"
    WHERE
      "t7"."ts_us" = "t7"."first_us"
  ) AS "t8"
  GROUP BY
    1
) AS "t10"
INNER JOIN (
  SELECT
    "t0"."account",
    COUNT(*) AS "exchanges",
    SUM(IFF("t0"."text" <> 0, 1, 0)) AS "with_text"
  FROM "canonical_rows" AS "t0"
  GROUP BY
    1
) AS "t6"
  ON "t10"."account" = "t6"."account"
) AS "found";

-- first_setups
SELECT
  CAST("setup" AS BIGINT) AS "setup",
  CAST("first_us" AS BIGINT) AS "first_us",
  CAST("first_exchange" AS BIGINT) AS "first_exchange"
FROM (
SELECT
  *
FROM (
  SELECT
    "t6"."setup",
    MIN("t6"."first_us") AS "first_us",
    MIN("t6"."exchange") AS "first_exchange"
  FROM (
    SELECT
      *
    FROM (
      SELECT
        "t3"."setup",
        "t3"."ts_us",
        "t3"."exchange",
        "t4"."first_us"
      FROM (
        SELECT
          "t0"."setup",
          "t0"."ts_us",
          "t0"."exchange"
        FROM "canonical_rows" AS "t0"
      ) AS "t3"
      INNER JOIN (
        SELECT
          "t0"."setup",
          MIN("t0"."ts_us") AS "first_us"
        FROM "canonical_rows" AS "t0"
        GROUP BY
          1
      ) AS "t4"
        ON "t3"."setup" = "t4"."setup"
    ) AS "t5"
    WHERE
      "t5"."ts_us" = "t5"."first_us"
  ) AS "t6"
  GROUP BY
    1
) AS "t7"
ORDER BY
  "t7"."first_us" ASC,
  "t7"."first_exchange" ASC
LIMIT 96
) AS "found";

-- counted_openings
SELECT
  CAST("exchange" AS BIGINT) AS "exchange",
  CAST("ts_us" AS BIGINT) AS "ts_us",
  CAST("look" AS BIGINT) AS "look",
  CAST("day" AS BIGINT) AS "day",
  CAST("account" AS BIGINT) AS "account",
  CAST("party" AS BIGINT) AS "party",
  CAST("text" AS BIGINT) AS "text"
FROM (
SELECT
  "t17".*
  EXCLUDE ("place")
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t15"."exchange",
      "t15"."ts_us",
      "t15"."look",
      "t15"."day",
      "t15"."account",
      "t15"."party",
      "t15"."text",
      ROW_NUMBER() OVER (PARTITION BY "t15"."party" ORDER BY "t15"."ts_us" ASC, "t15"."exchange" ASC) - 1 AS "place"
    FROM (
      SELECT
        "t14".*
        EXCLUDE ("place")
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t12"."exchange",
            "t12"."ts_us",
            "t12"."look",
            "t12"."day",
            "t12"."account",
            "t12"."party",
            "t12"."text",
            ROW_NUMBER() OVER (
              PARTITION BY "t12"."party", "t12"."day"
              ORDER BY "t12"."ts_us" ASC, "t12"."exchange" ASC
            ) - 1 AS "place"
          FROM (
            SELECT
              "t11".*
              EXCLUDE ("place")
            FROM (
              SELECT
                *
              FROM (
                SELECT
                  "t9"."exchange",
                  "t9"."ts_us",
                  "t9"."look",
                  "t9"."day",
                  "t9"."account",
                  "t9"."party",
                  "t9"."text",
                  ROW_NUMBER() OVER (PARTITION BY "t9"."text" ORDER BY "t9"."ts_us" ASC, "t9"."exchange" ASC) - 1 AS "place"
                FROM (
                  SELECT
                    "t8".*
                    EXCLUDE ("place")
                  FROM (
                    SELECT
                      *
                    FROM (
                      SELECT
                        "t6"."exchange",
                        "t6"."ts_us",
                        "t6"."look",
                        "t6"."day",
                        "t6"."account",
                        "t6"."party",
                        "t6"."text",
                        ROW_NUMBER() OVER (
                          PARTITION BY "t6"."text", "t6"."party"
                          ORDER BY "t6"."ts_us" ASC, "t6"."exchange" ASC
                        ) - 1 AS "place"
                      FROM (
                        SELECT
                          "t5"."exchange",
                          "t5"."ts_us",
                          "t5"."look",
                          "t5"."day",
                          "t5"."account",
                          "t5"."party",
                          "t5"."text"
                        FROM (
                          SELECT
                            "t4"."exchange",
                            "t4"."ts_us",
                            "t4"."look",
                            "t4"."day",
                            "t4"."account",
                            "t4"."text",
                            "t2"."party"
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
  CAST("exchange" AS BIGINT) AS "exchange",
  CAST("ts_us" AS BIGINT) AS "ts_us",
  CAST("look" AS BIGINT) AS "look",
  CAST("day" AS BIGINT) AS "day",
  CAST("account" AS BIGINT) AS "account",
  CAST("party" AS BIGINT) AS "party",
  CAST("text" AS BIGINT) AS "text"
FROM (
SELECT
  "t11".*
  EXCLUDE ("place")
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t9"."exchange",
      "t9"."ts_us",
      "t9"."look",
      "t9"."day",
      "t9"."account",
      "t9"."party",
      "t9"."text",
      ROW_NUMBER() OVER (PARTITION BY "t9"."party" ORDER BY "t9"."ts_us" ASC, "t9"."exchange" ASC) - 1 AS "place"
    FROM (
      SELECT
        "t8".*
        EXCLUDE ("place")
      FROM (
        SELECT
          *
        FROM (
          SELECT
            "t6"."exchange",
            "t6"."ts_us",
            "t6"."look",
            "t6"."day",
            "t6"."account",
            "t6"."party",
            "t6"."text",
            ROW_NUMBER() OVER (
              PARTITION BY "t6"."party", "t6"."day"
              ORDER BY "t6"."ts_us" ASC, "t6"."exchange" ASC
            ) - 1 AS "place"
          FROM (
            SELECT
              "t5"."exchange",
              "t5"."ts_us",
              "t5"."look",
              "t5"."day",
              "t5"."account",
              "t5"."party",
              "t5"."text"
            FROM (
              SELECT
                "t4"."exchange",
                "t4"."ts_us",
                "t4"."look",
                "t4"."day",
                "t4"."account",
                "t4"."text",
                "t2"."party"
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
  CAST("party" AS BIGINT) AS "party",
  CAST("text" AS BIGINT) AS "text",
  CAST("since" AS BIGINT) AS "since"
FROM (
SELECT
  "t6"."party",
  "t6"."text",
  MIN("t6"."ts_us") AS "since"
FROM (
  SELECT
    "t5"."exchange",
    "t5"."ts_us",
    "t5"."look",
    "t5"."day",
    "t5"."account",
    "t5"."party",
    "t5"."text"
  FROM (
    SELECT
      "t4"."exchange",
      "t4"."ts_us",
      "t4"."look",
      "t4"."day",
      "t4"."account",
      "t4"."text",
      "t2"."party"
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
  1,
  2
) AS "found";

-- first_shown_address
SELECT
  CAST("party" AS BIGINT) AS "party",
  CAST("value" AS BIGINT) AS "value",
  CAST("since" AS BIGINT) AS "since"
FROM (
SELECT
  "t5"."party",
  "t5"."address" AS "value",
  MIN("t5"."ts_us") AS "since"
FROM (
  SELECT
    "t4"."address",
    "t4"."ts_us",
    "t2"."party"
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
  1,
  2
) AS "found";

-- first_shown_fingerprint
SELECT
  CAST("party" AS BIGINT) AS "party",
  CAST("value" AS BIGINT) AS "value",
  CAST("since" AS BIGINT) AS "since"
FROM (
SELECT
  "t5"."party",
  "t5"."fingerprint" AS "value",
  MIN("t5"."ts_us") AS "since"
FROM (
  SELECT
    "t4"."fingerprint",
    "t4"."ts_us",
    "t2"."party"
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
  1,
  2
) AS "found";

-- shared_addresses
SELECT
  CAST("party" AS BIGINT) AS "party",
  CAST("value" AS BIGINT) AS "value",
  CAST("since" AS BIGINT) AS "since"
FROM (
WITH "t6" AS (
  SELECT
    "t5"."party",
    "t5"."address" AS "value",
    MIN("t5"."ts_us") AS "since"
  FROM (
    SELECT
      "t4"."address",
      "t4"."ts_us",
      "t2"."party"
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
    1,
    2
)
SELECT
  "t11"."party",
  "t11"."value",
  "t11"."since"
FROM (
  SELECT
    "t8"."party",
    "t8"."value",
    "t8"."since",
    "t10"."users"
  FROM "t6" AS "t8"
  INNER JOIN (
    SELECT
      "t7"."value",
      COUNT(*) AS "users"
    FROM "t6" AS "t7"
    GROUP BY
      1
  ) AS "t10"
    ON "t8"."value" = "t10"."value"
) AS "t11"
WHERE
  "t11"."users" >= 2
) AS "found";

-- handoffs
SELECT
  CAST("party" AS BIGINT) AS "party",
  CAST("value" AS BIGINT) AS "value",
  CAST("since" AS BIGINT) AS "since"
FROM (
WITH "t11" AS (
  SELECT
    "t5"."context_in",
    "t5"."ts_us",
    "t2"."party",
    "t10"."context_out",
    "t10"."owner",
    "t10"."made_us",
    "t10"."second_us"
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
      "t8"."context_out",
      MIN("t8"."owner") AS "owner",
      MIN("t8"."ts_us") AS "made_us",
      MIN(IFF("t8"."party" <> "t8"."owner", "t8"."ts_us", 4611686018427387903)) AS "second_us"
    FROM (
      SELECT
        "t7"."context_out",
        "t7"."ts_us",
        "t7"."exchange",
        "t7"."party",
        FIRST_VALUE("t7"."party") OVER (PARTITION BY "t7"."context_out" ORDER BY "t7"."ts_us" ASC, "t7"."exchange" ASC) AS "owner"
      FROM (
        SELECT
          "t6"."context_out",
          "t6"."ts_us",
          "t6"."exchange",
          "t2"."party"
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
      1
  ) AS "t10"
    ON "t5"."context_in" = "t10"."context_out"
)
SELECT
  "t15"."party",
  "t15"."value",
  MIN("t15"."ts_us") AS "since"
FROM (
  SELECT
    *
  FROM (
    SELECT
      "t12"."ts_us",
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
      "t12"."ts_us",
      "t12"."party",
      "t12"."context_in" AS "value"
    FROM "t11" AS "t12"
    WHERE
      "t12"."owner" <> "t12"."party"
      AND "t12"."made_us" < "t12"."ts_us"
      AND "t12"."second_us" > "t12"."ts_us"
  ) AS "t14"
) AS "t15"
GROUP BY
  1,
  2
) AS "found";

-- activity
SELECT
  CAST("party" AS BIGINT) AS "party",
  CAST("look" AS BIGINT) AS "look",
  CAST("setup" AS BIGINT) AS "setup",
  CAST("exchanges" AS BIGINT) AS "exchanges",
  CAST("continued" AS BIGINT) AS "continued"
FROM (
SELECT
  "t4"."party",
  "t4"."look",
  "t4"."setup",
  COUNT(*) AS "exchanges",
  SUM(IFF("t4"."context_in" <> 0, 1, 0)) AS "continued"
FROM (
  SELECT
    "t2"."look",
    "t2"."setup",
    "t2"."context_in",
    "t3"."party"
  FROM "canonical_rows" AS "t2"
  INNER JOIN "account_parties" AS "t3"
    ON "t2"."account" = "t3"."account"
) AS "t4"
GROUP BY
  1,
  2,
  3
) AS "found";

-- batch_jobs
SELECT
  CAST("account" AS BIGINT) AS "account",
  CAST("batched" AS BIGINT) AS "batched"
FROM (
SELECT
  "t1"."account",
  COUNT(*) AS "batched"
FROM (
  SELECT
    *
  FROM "canonical_rows" AS "t0"
  WHERE
    "t0"."endpoint" = 2846122680501083029
) AS "t1"
GROUP BY
  1
) AS "found";

-- opening_sizes
SELECT
  CAST("exchange" AS BIGINT) AS "exchange",
  CAST("input_tokens" AS BIGINT) AS "input_tokens",
  CAST("output_tokens" AS BIGINT) AS "output_tokens"
FROM (
SELECT
  "t2"."exchange",
  "t2"."input_tokens",
  "t2"."output_tokens"
FROM "canonical_rows" AS "t2"
INNER JOIN (
  SELECT
    "t1"."exchange"
  FROM "counted_openings" AS "t1"
) AS "t4"
  ON "t2"."exchange" = "t4"."exchange"
) AS "found";

-- rows_of_accounts
SELECT
  CAST("exchange" AS BIGINT) AS "exchange",
  CAST("ts_us" AS BIGINT) AS "ts_us",
  CAST("account" AS BIGINT) AS "account",
  CAST("conversation" AS BIGINT) AS "conversation",
  CAST("context_in" AS BIGINT) AS "context_in",
  CAST("context_out" AS BIGINT) AS "context_out",
  CAST("text" AS BIGINT) AS "text",
  CAST("client" AS BIGINT) AS "client",
  CAST("model" AS BIGINT) AS "model",
  CAST("turn" AS BIGINT) AS "turn",
  CAST("input_tokens" AS BIGINT) AS "input_tokens",
  CAST("output_tokens" AS BIGINT) AS "output_tokens",
  CAST("status" AS BIGINT) AS "status"
FROM (
SELECT
  "t2"."exchange",
  "t2"."ts_us",
  "t2"."account",
  "t2"."conversation",
  "t2"."context_in",
  "t2"."context_out",
  "t2"."text",
  "t2"."client",
  "t2"."model",
  "t2"."turn",
  "t2"."input_tokens",
  "t2"."output_tokens",
  "t2"."status"
FROM "canonical_rows" AS "t2"
INNER JOIN "wanted_accounts" AS "t3"
  ON "t2"."account" = "t3"."account"
) AS "found";

-- texts_of_both
SELECT
  CAST("text" AS BIGINT) AS "text"
FROM (
SELECT
  "t6"."text"
FROM (
  SELECT
    "t5"."text",
    MAX("t5"."suspect") AS "most",
    MIN("t5"."suspect") AS "least"
  FROM (
    SELECT
      "t4"."account",
      "t4"."text",
      "t2"."suspect"
    FROM (
      SELECT
        "t0"."account",
        "t0"."text"
      FROM "canonical_rows" AS "t0"
      WHERE
        "t0"."text" <> 0
    ) AS "t4"
    INNER JOIN "marked_accounts" AS "t2"
      ON "t4"."account" = "t2"."account"
  ) AS "t5"
  GROUP BY
    1
) AS "t6"
WHERE
  "t6"."most" = 1 AND "t6"."least" = 0
) AS "found";

-- vector_sums_of_two_columns
SELECT
  CAST("party" AS BIGINT) AS "party",
  CAST("openings" AS BIGINT) AS "openings",
  CAST("content_00" AS BIGINT) AS "content_00",
  CAST("content_01" AS BIGINT) AS "content_01"
FROM (
SELECT
  "t4"."party",
  COUNT(*) AS "openings",
  SUM("t4"."content_00") AS "content_00",
  SUM("t4"."content_01") AS "content_01"
FROM (
  SELECT
    "t2"."party",
    "t2"."look",
    "t3"."content_00",
    "t3"."content_01"
  FROM "counted_openings" AS "t2"
  INNER JOIN "text_vectors" AS "t3"
    ON "t2"."text" = "t3"."text"
) AS "t4"
GROUP BY
  1
) AS "found";

-- vector_sums_by_look
SELECT
  CAST("party" AS BIGINT) AS "party",
  CAST("look" AS BIGINT) AS "look",
  CAST("openings" AS BIGINT) AS "openings",
  CAST("content_00" AS BIGINT) AS "content_00",
  CAST("content_01" AS BIGINT) AS "content_01"
FROM (
SELECT
  "t4"."party",
  "t4"."look",
  COUNT(*) AS "openings",
  SUM("t4"."content_00") AS "content_00",
  SUM("t4"."content_01") AS "content_01"
FROM (
  SELECT
    "t2"."party",
    "t2"."look",
    "t3"."content_00",
    "t3"."content_01"
  FROM "counted_openings" AS "t2"
  INNER JOIN "text_vectors" AS "t3"
    ON "t2"."text" = "t3"."text"
) AS "t4"
GROUP BY
  1,
  2
) AS "found";
