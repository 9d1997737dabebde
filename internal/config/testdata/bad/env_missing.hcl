output "splunk" "a" {
  endpoints = ["https://splunk:8088"]
  token     = env("SPLUNK_HEC_TOKEN")
}

output "splunk" "b" {
  enabled   = false
  endpoints = ["https://splunk:8088"]
  token     = env("SPLUNK_HEC_TOKEN")
}

output "splunk" "c" {
  endpoints = ["https://splunk:8088"]
  token     = file("/no/such/file")
}
