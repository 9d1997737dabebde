input "file" "a" {
  paths    = ["a.log"]
  start_at = "beginnin"
}
