input "file" "a" {
  paths         = "/var/log/a.log"
  exclude       = [5]
  enabled       = "maybe"
  max_line_size = true
}

output "elasticsearch" "b" {
  endpoints = { a = 1 }
  in_flight = 1.5
}
