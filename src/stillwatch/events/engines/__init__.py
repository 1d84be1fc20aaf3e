"""Engines that run one definition: DuckDB in this process, Spark on a cluster, ClickHouse; SQL text for warehouses."""
