input "file" "app" {
  paths = ["/var/log/app.log"]
}

output "elasticsearch" "main" {
  endpoints = ["a:9200"]
}

output "console" "terminal" {}

buffer {
  wrapping = output.console.terminal
}
