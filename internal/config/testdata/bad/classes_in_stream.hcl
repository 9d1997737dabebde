retention {
  default = "a"
  class "a" {
    keep = "1d"
  }
  class "b" {
    keep = "2d"
  }
}

output "elasticsearch" "c" {
  endpoints   = ["localhost"]
  data_stream = "logs-${service.name}"
}
