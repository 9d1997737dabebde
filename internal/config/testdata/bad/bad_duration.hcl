output "elasticsearch" "a" {
  endpoints = ["localhost"]
  timeout   = "5 parsecs"
}
