variable "environment" {
  default = "dev" # --var environment=prod, or SLUICE_VAR_environment
}

locals {
  noisy = ["/healthz", "/readyz"]
}

input "file" "bookings" {
  paths   = ["/var/log/renthub/bookings/*.log"]
  exclude = ["*.gz"]
  service = "bookings" # every input takes it: service.name of its events
  parser  = "auto"     # a built-in, by its name
}

input "stdout" "worker" {
  command = ["php", "artisan", "queue:work"]
  parser  = ["laravel", parser.regex.gateway] # the first that matches a record
}

parser "regex" "gateway" {
  pattern   = <<-RE
    ^(?P<ip>\S+) \[(?P<time>[^\]]+)\] (?P<message>.*)$
  RE
  timestamp = { field = "time", layout = "02/Jan/2006:15:04:05 -0700" }
}

enrich "names" { # enrich blocks run in file order
  rename = { "svc" = "service.name" }
  set    = { "deployment.environment" = var.environment, "labels.cluster" = env("CLUSTER", "local") }
}

enrich "noise" {
  inputs = [input.file.bookings] # optional: only what came from these
  where  = contains(local.noisy, url.path)
  drop   = true
}

enrich "privacy" {
  redact = { fields = ["context.password"], patterns = ["email", "card", "bearer"] }
}

retention {
  default = "standard"
  class "audit" { # classes in file order; the first whose where holds
    keep  = "400d"
    where = service.name == "auth" && starts_with(message, "login")
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
  path     = "/var/lib/sluice/buffer"
  max_size = "8GiB"
  history  = "24h"
}

output "elasticsearch" "main" {
  enabled   = env("LOG_AGGREGATION_PROVIDER", "") == "elk" # every block takes enabled
  endpoints = split(",", env("ELASTICSEARCH_HOSTS", "localhost:9200"))
  api_key   = file("/run/secrets/es_api_key")
  on_full   = "block"
}

output "splunk" "audit" {
  endpoints = ["https://splunk:8088"]
  token     = env("SPLUNK_HEC_TOKEN")
  index     = "rh_${retention.class}"
}

route "audit" {
  where = retention.class == "audit"
  to    = [output.splunk.audit, output.elasticsearch.main]
}

route "rest" {
  to = [output.elasticsearch.main]
}

admin {
  listen = "127.0.0.1:7080"
}
