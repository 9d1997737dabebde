input "file" {
  paths = ["/var/log/*.log"]
}

output {
  endpoints = ["localhost"]
}

route "a" "b" {
  to = []
}
