output "elasticsearch" "main" {
  endpoints = ["localhost"]
}

route "a" {
  to = [output.elasticsearch.mian]
}

route "b" {
  to = output.main
}

route "c" {
  to = ["output.elasticsearch.main"]
}
