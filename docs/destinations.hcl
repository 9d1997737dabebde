# One stream of JSON lines to Elasticsearch, Splunk, CloudWatch Logs, Kafka and
# an archive, all at once. Each address has a default on this machine; the page
# beside this file says how to start what it expects there.

input "file" "app" {
  paths   = [env("DEMO_LOGS", "./logs/*.log")]
  service = "bookings"
  parser  = "json"
}

# A class says how long a line is kept. Each output below makes of it what its
# destination has: a data stream, an index, a group, a topic, a folder.
retention {
  default = "standard"
  class "audit" {
    keep  = "400d"
    where = audit == true
  }
  class "debug" {
    keep  = "3d"
    where = log.level == "debug"
  }
  class "standard" {
    keep = "30d"
  }
}

buffer {
  path     = env("DEMO_BUFFER", ".sluice/buffer")
  max_size = "2GiB" # what a dead destination can fall behind by
}

admin {
  listen = env("DEMO_ADMIN", "127.0.0.1:7080")
}

# logs-bookings-audit, logs-bookings-debug, logs-bookings-standard
output "elasticsearch" "search" {
  endpoints = [env("DEMO_ELASTICSEARCH", "http://127.0.0.1:9200")]
  from      = "oldest"
}

# HEC has no retention of its own: an index has, and an administrator makes it.
output "splunk" "siem" {
  endpoints   = [env("DEMO_SPLUNK", "http://127.0.0.1:8088")]
  token       = env("DEMO_SPLUNK_TOKEN", "demo")
  ack_timeout = env("DEMO_SPLUNK_ACK_TIMEOUT", "5m") # what a dead indexer took with it is sent again by then
  indexes     = { audit = "rh_audit", debug = "rh_debug", standard = "rh_main" }
  from        = "oldest"
}

# /sluice/bookings/audit and so on, each with its days
output "cloudwatch" "aws" {
  region     = env("AWS_REGION", "eu-west-1")
  endpoints  = [env("DEMO_CLOUDWATCH", "http://127.0.0.1:4566")]
  log_stream = "demo"
  from       = "oldest"
}

# logs-audit, logs-debug, logs-standard, each with its retention.ms
output "kafka" "stream" {
  endpoints  = [env("DEMO_KAFKA", "127.0.0.1:9092")]
  topic      = "logs-${retention.class}"
  partitions = 3
  from       = "oldest"
}

# audit/2026-11-24.ndjson.gz and so on
output "file" "archive" {
  path = env("DEMO_ARCHIVE", ".sluice/archive")
  from = "oldest"
}
