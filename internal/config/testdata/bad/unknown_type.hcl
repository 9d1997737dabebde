input "fil" "a" {
  paths = ["/var/log/*.log"]
}

output "opensearch" "b" {
  endpoints = ["localhost"]
}
