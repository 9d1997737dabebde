# The config that runs where none is given. It needs no server and no account:
# it tails log files, keeps a copy in an archive, and shows the lines if stdout
# is a terminal. Set LOG_AGGREGATION_PROVIDER to ship them.

locals {
  paths    = "*.log,storage/logs/*.log,logs/*.log,/var/log/nginx/*.log"
  provider = env("LOG_AGGREGATION_ENABLED", "true") != "false" ? env("LOG_AGGREGATION_PROVIDER", "") : ""

  # Logstash is the way to Elasticsearch where only Logstash is named.
  by_logstash = local.provider == "elk" && env("LOGSTASH_HOST", "") != "" && env("ELASTICSEARCH_HOSTS", "") == ""
}

input "file" "logs" {
  paths  = split(",", env("SLUICE_PATHS", local.paths))
  parser = "auto" # looks at each line: JSON, nginx, Laravel, logfmt, else as it is
}

enrich "privacy" {
  redact = { patterns = ["email", "card", "bearer", "password"] }
}

retention {
  default = "standard"
  class "audit" {
    keep  = "400d"
    where = service.name == "auth" && match(message, "(?i)log ?(in|out)|sign ?(in|up|out)|password|permission")
  }
  class "debug" {
    keep  = "3d"
    where = !level_at_least("info")
  }
  class "standard" {
    keep = "30d"
  }
}

buffer {
  path    = ".sluice/buffer"
  history = "24h" # what was sent stays this long, for search and replay
}

output "console" "terminal" {
  only_on_terminal = true
}

output "file" "archive" {
  enabled = !contains(["elk", "splunk", "cloudwatch"], local.provider)
  path    = ".sluice/archive"
}

output "elasticsearch" "elk" {
  enabled   = local.provider == "elk" && !local.by_logstash
  endpoints = split(",", env("ELASTICSEARCH_HOSTS", "localhost:9200"))
  prefix    = env("ELASTICSEARCH_INDEX_PREFIX", "logs")
  api_key   = env("ELASTICSEARCH_API_KEY", "")
  username  = env("ELASTICSEARCH_USERNAME", "")
  password  = env("ELASTICSEARCH_PASSWORD", "")
  ca_file   = env("ELASTICSEARCH_CA_FILE", "")
}

output "lumberjack" "logstash" {
  enabled   = local.by_logstash
  endpoints = ["${coalesce(env("LOGSTASH_HOST", ""), "localhost")}:${coalesce(env("LOGSTASH_PORT", ""), "5044")}"]
}

output "splunk" "hec" {
  enabled   = local.provider == "splunk"
  endpoints = [env("SPLUNK_HEC_URL", "https://localhost:8088")]
  token     = env("SPLUNK_HEC_TOKEN", "")
}

output "cloudwatch" "aws" { # credentials: the environment, a profile, a role
  enabled = local.provider == "cloudwatch"
  region  = env("AWS_REGION", "")
}
