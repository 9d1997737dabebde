output "elasticsearch" "a" {
  endpoints = ["localhost"]
  timeout   = 5
}

buffer {
  max_size = 8000000000
}
