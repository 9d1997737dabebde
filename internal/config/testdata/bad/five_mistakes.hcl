input "file" "bookings" {
  pathes = ["/var/log/renthub/bookings/*.log"]
}

parser "regex" "gateway" {
  pattern = "^(?P<ip>\S+) (?P<message>.*)$"
}

enrich "noise" {
  where = contians(["/healthz"], url.path)
  drop  = true
}

output "elasticsearch" "main" {
  endpoints = ["localhost:9200"]
  timeout   = 30
}

route "audit" {
  to = [output.elasticsearch.mian]
}
