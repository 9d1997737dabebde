parser "regex" "a" {
  pattern = "^\d+ (?P<message>.*)$"
}
