input "file" "app" {
  paths = ["/var/log/app.log"]
}

output "elasticsearch" "main" {
  endpoints = ["a:9200"]
}

output "elasticsearch" "off" {
  endpoints = ["b:9200"]
  enabled   = false
}

buffer {
  wrapping = output.elasticsearch.off
}
