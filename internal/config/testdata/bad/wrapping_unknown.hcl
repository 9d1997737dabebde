input "file" "app" {
  paths = ["/var/log/app.log"]
}

output "elasticsearch" "main" {
  endpoints = ["a:9200"]
}

buffer {
  wrapping = output.elasticsearch.mian
}
