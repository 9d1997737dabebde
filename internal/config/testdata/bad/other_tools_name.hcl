output "splunk" "hub" {
  endpoint  = "https://splunk:8088"
  endpoints = ["https://splunk:8088"]
  token     = "sesame-open"
}
