output "elasticsearch" "a" {
  endpoints = ["localhost"]
  tls = {
    ca_file = "ca.pem"
  }
}

output "elasticsearch" "b" {
  endpoints {
  }
  tls {
    skip_verify = true
    ca = "x"
  }
}

parser "regex" "c" {
  pattern   = "x"
  timestamp = { filed = "time", layout = "RFC3339" }
}
