"""Where exchanges come from: a folder of arriving files, OTLP over HTTP, NATS JetStream, Kafka."""
