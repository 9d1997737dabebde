input "file" "a" {
  enabled = level_at_least("info")
  paths   = ["a.log"]
}
